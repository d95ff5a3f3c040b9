// What is known of the kernels of open notebooks: read after runs, kept with what changed since the last question.

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Facts, IKernelState, IVariable } from '../api/kernels';

const QUIET_MILLISECONDS = 400;

/** A kernel as it was last seen, on the page's clock. */
export interface IKernelSeen extends IKernelState {
  kernelId: string;
  seenAt: number;
  /** Names that are new or other than at the last question. */
  changed: ReadonlySet<string>;
  /** Names that were there at the last question. */
  gone: readonly string[];
}

interface IMark {
  epoch: string;
  version: number;
}

export class KernelWatch {
  private _changed = new Signal<this, void>(this);
  private _seen = new WeakMap<NotebookPanel, IKernelSeen>();
  private _marks = new WeakMap<NotebookPanel, IMark>();
  private _watched = new WeakSet<NotebookPanel>();
  private _reading = new WeakMap<NotebookPanel, Promise<void>>();
  private _timer = 0;

  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _facts: Facts
  ) {
    NotebookActions.executed.connect(this._later, this);
    _notebooks.currentChanged.connect(this._onCurrent, this);
    this._onCurrent();
  }

  dispose(): void {
    NotebookActions.executed.disconnect(this._later, this);
    this._notebooks.currentChanged.disconnect(this._onCurrent, this);
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Something was read. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  of(panel: NotebookPanel | null): IKernelSeen | undefined {
    return panel ? this._seen.get(panel) : undefined;
  }

  /** The kernel's state as Jupyter tells it, without asking. */
  statusOf(panel: NotebookPanel | null): Kernel.Status | 'none' {
    return panel?.sessionContext.session?.kernel?.status ?? 'none';
  }

  /** What is known now is what the question saw. */
  mark(panel: NotebookPanel | null): void {
    const seen = this.of(panel);
    if (panel && seen) {
      this._marks.set(panel, { epoch: seen.epoch, version: seen.version });
      this._seen.set(panel, { ...seen, changed: new Set(), gone: [] });
      this._changed.emit();
    }
  }

  /** Read the kernel if nothing is known of it yet. */
  async fresh(panel: NotebookPanel | null): Promise<void> {
    const kernelId = panel?.sessionContext.session?.kernel?.id;
    if (panel && kernelId && this.of(panel)?.kernelId !== kernelId) {
      await this.read(panel);
    }
  }

  /** Read the kernel. */
  async read(panel: NotebookPanel): Promise<void> {
    const reading = this._reading.get(panel) ?? this._read(panel).finally(() => this._reading.delete(panel));
    this._reading.set(panel, reading);
    await reading;
  }

  /** One variable in full. */
  async inspect(panel: NotebookPanel, name: string): Promise<IVariable | null> {
    const kernelId = panel.sessionContext.session?.kernel?.id;
    return kernelId ? this._facts.variable(kernelId, name).catch(() => null) : null;
  }

  private async _read(panel: NotebookPanel): Promise<void> {
    const kernelId = panel.sessionContext.session?.kernel?.id;
    if (!kernelId || panel.isDisposed) {
      this._seen.delete(panel);
      this._changed.emit();
      return;
    }
    try {
      const state = await this._facts.state(kernelId);
      const mark = this._marks.get(panel);
      const since = mark && mark.epoch === state.epoch && mark.version < state.version ? mark : null;
      const news = since ? await this._facts.state(kernelId, since.version) : null;
      this._seen.set(panel, {
        ...state,
        kernelId,
        seenAt: performance.now(),
        changed: new Set(news?.variables.map(one => one.name) ?? []),
        gone: news?.deleted ?? []
      });
    } catch {
      // What was known stays; a question would say what is wrong.
    }
    this._changed.emit();
  }

  private _later(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      const panel = this._notebooks.currentWidget;
      if (panel) {
        void this.read(panel);
      }
    }, QUIET_MILLISECONDS);
  }

  private _onCurrent(): void {
    const panel = this._notebooks.currentWidget;
    if (panel && !this._watched.has(panel)) {
      this._watched.add(panel);
      panel.sessionContext.kernelChanged.connect(() => this._later());
      panel.sessionContext.statusChanged.connect((_, status) => {
        this._changed.emit();
        if (status === 'idle') {
          this._later();
        }
      });
    }
    this._later();
  }
}
