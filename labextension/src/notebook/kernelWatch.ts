// The variables of the open notebooks' kernels: read after runs, with what changed since the last question.

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';
import type { KernelsApi } from '../api/kernels';
import type { KernelStateReply, VariableReply } from '../api/wire';

const DEBOUNCE_MILLISECONDS = 400;

/** A kernel's state as it was last read; `deleted` are the names that were deleted since the last question. */
export interface IKernelSnapshot extends KernelStateReply {
  kernelId: string;
  /** Names that are new or have changed since the last question. */
  changed: ReadonlySet<string>;
}

export class KernelWatch {
  private _changed = new Signal<this, void>(this);
  private _snapshots = new WeakMap<NotebookPanel, IKernelSnapshot>();
  /** The snapshots that the last questions were asked with. */
  private _baselines = new WeakMap<NotebookPanel, IKernelSnapshot>();
  private _watched = new WeakSet<NotebookPanel>();
  private _reading = new WeakMap<NotebookPanel, Promise<void>>();
  /** Asked for again while they are read. */
  private _outdated = new WeakSet<NotebookPanel>();
  private _timer = 0;

  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _kernels: KernelsApi
  ) {
    NotebookActions.executed.connect(this._readSoon, this);
    _notebooks.currentChanged.connect(this._onCurrent, this);
    this._onCurrent();
  }

  dispose(): void {
    NotebookActions.executed.disconnect(this._readSoon, this);
    this._notebooks.currentChanged.disconnect(this._onCurrent, this);
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** A kernel was read, or its status changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get(panel: NotebookPanel | null): IKernelSnapshot | undefined {
    return panel ? this._snapshots.get(panel) : undefined;
  }

  /** The kernel's status as the page knows it, without a request. */
  statusOf(panel: NotebookPanel | null): Kernel.Status | 'none' {
    return panel?.sessionContext.session?.kernel?.status ?? 'none';
  }

  /** A question is asked: changes count from here. */
  setBaseline(panel: NotebookPanel | null): void {
    const snapshot = this.get(panel);
    if (panel && snapshot) {
      const baseline = { ...snapshot, changed: new Set<string>(), deleted: [] };
      this._baselines.set(panel, baseline);
      this._snapshots.set(panel, baseline);
      this._changed.emit();
    }
  }

  /** Read the kernel if it has not been read yet. */
  async ensureRead(panel: NotebookPanel | null): Promise<void> {
    const kernelId = panel?.sessionContext.session?.kernel?.id;
    if (panel && kernelId && this.get(panel)?.kernelId !== kernelId) {
      await (this._reading.get(panel) ?? this.read(panel));
    }
  }

  /** Read the kernel; where it is being read, once more after that, for a cell may have ended meanwhile. */
  async read(panel: NotebookPanel): Promise<void> {
    if (this._reading.has(panel)) {
      this._outdated.add(panel);
    } else {
      this._reading.set(
        panel,
        this._readUntilCurrent(panel).finally(() => this._reading.delete(panel))
      );
    }
    await this._reading.get(panel);
  }

  /** One variable in full. */
  async inspect(panel: NotebookPanel, name: string): Promise<VariableReply | null> {
    const kernelId = panel.sessionContext.session?.kernel?.id;
    return kernelId ? this._kernels.variable(kernelId, name).catch(() => null) : null;
  }

  private async _readUntilCurrent(panel: NotebookPanel): Promise<void> {
    do {
      this._outdated.delete(panel);
      await this._read(panel);
    } while (this._outdated.has(panel));
  }

  private async _read(panel: NotebookPanel): Promise<void> {
    const kernelId = panel.sessionContext.session?.kernel?.id;
    if (!kernelId || panel.isDisposed) {
      this._snapshots.delete(panel);
      this._changed.emit();
      return;
    }
    try {
      this._snapshots.set(panel, await this._request(panel, kernelId));
    } catch {
      // The last snapshot is kept; a question would report the error.
    }
    this._changed.emit();
  }

  /** One request for what changed since the baseline, applied to it; for the whole state where there is no baseline. */
  private async _request(panel: NotebookPanel, kernelId: string): Promise<IKernelSnapshot> {
    const baseline = this._baselines.get(panel);
    const delta = baseline?.kernelId === kernelId ? await this._kernels.state(kernelId, baseline.version) : null;
    if (!baseline || !delta || delta.epoch !== baseline.epoch) {
      this._baselines.delete(panel); // Of another kernel, or from before a restart.
      return { ...(await this._kernels.state(kernelId)), kernelId, changed: new Set(), deleted: [] };
    }
    const hasChanged = delta.version > baseline.version;
    const changed = new Set(hasChanged ? delta.variables.map(variable => variable.name) : []);
    const deleted = hasChanged ? delta.deleted : [];
    const variables = applyDelta(baseline.variables, delta);
    // A server that was restarted meanwhile does not know of all deletions.
    const state = variables.length <= delta.total ? { ...delta, variables } : await this._kernels.state(kernelId);
    return { ...state, kernelId, changed, deleted };
  }

  private _readSoon(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      const panel = this._notebooks.currentWidget;
      if (panel) {
        void this.read(panel);
      }
    }, DEBOUNCE_MILLISECONDS);
  }

  private _onCurrent(): void {
    const panel = this._notebooks.currentWidget;
    if (panel && !this._watched.has(panel)) {
      this._watched.add(panel);
      panel.sessionContext.kernelChanged.connect(() => this._readSoon());
      panel.sessionContext.statusChanged.connect((_, status) => {
        this._changed.emit();
        if (status === 'idle') {
          this._readSoon();
        }
      });
    }
    this._readSoon();
  }
}

function applyDelta(variables: readonly VariableReply[], delta: KernelStateReply): VariableReply[] {
  const byName = new Map(variables.map(variable => [variable.name, variable]));
  delta.deleted.forEach(name => byName.delete(name));
  delta.variables.forEach(variable => byName.set(variable.name, variable));
  return Array.from(byName.values());
}
