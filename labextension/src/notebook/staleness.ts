// What the doctor says of the notebooks that are open: kept fresh after runs and saves, shown on the cells.

import { NotebookActions, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import { notebookContext } from './notebookContext';
import type { Facts, IFinding } from '../api/kernels';

/** So long after the last run or save the notebook is examined. */
const QUIET_MILLISECONDS = 600;
const MARK = 'jp-agent-stale';
/** Findings that a reader of the cell cannot see, and that running it again mends. */
const STALE = new Set(['edited', 'stale', 'out_of_order', 'orphaned', 'rerun']);
/** What merely has not happened yet is nothing to warn of. */
const SILENT = new Set(['never_run']);

/** What is not as it looks in one notebook. */
export interface IStaleness {
  findings: readonly IFinding[];
  /** Cell → its reasons, for cells that are stale. */
  cells: ReadonlyMap<string, string>;
  labels: Readonly<Record<string, string>>;
}

const NOTHING: IStaleness = { findings: [], cells: new Map(), labels: {} };

export class StalenessMonitor {
  private _changed = new Signal<this, NotebookPanel>(this);
  private _known = new WeakMap<NotebookPanel, IStaleness>();
  private _watched = new WeakSet<NotebookPanel>();
  private _timers = new Map<NotebookPanel, number>();

  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _facts: Facts
  ) {
    NotebookActions.executed.connect(this._onExecuted, this);
    _notebooks.currentChanged.connect(this._onCurrent, this);
    this._onCurrent();
  }

  dispose(): void {
    NotebookActions.executed.disconnect(this._onExecuted, this);
    this._notebooks.currentChanged.disconnect(this._onCurrent, this);
    this._timers.forEach(timer => window.clearTimeout(timer));
    Signal.clearData(this);
  }

  /** A notebook has been examined anew. */
  get changed(): ISignal<this, NotebookPanel> {
    return this._changed;
  }

  of(panel: NotebookPanel | null): IStaleness {
    return (panel && this._known.get(panel)) ?? NOTHING;
  }

  private _onExecuted(_: unknown, { notebook }: { notebook: unknown }): void {
    this._ask(this._notebooks.find(panel => panel.content === notebook));
  }

  private _onCurrent(): void {
    const panel = this._notebooks.currentWidget;
    if (!panel || this._watched.has(panel)) {
      return;
    }
    this._watched.add(panel);
    panel.context.saveState.connect((_, state) => state === 'completed' && this._ask(panel));
    panel.sessionContext.kernelChanged.connect(() => this._ask(panel));
    void panel.context.ready.then(() => this._ask(panel));
  }

  private _ask(panel: NotebookPanel | undefined): void {
    if (!panel) {
      return;
    }
    window.clearTimeout(this._timers.get(panel));
    const timer = window.setTimeout(() => void this._examine(panel, timer), QUIET_MILLISECONDS);
    this._timers.set(panel, timer);
  }

  private async _examine(panel: NotebookPanel, timer: number): Promise<void> {
    if (panel.isDisposed) {
      this._timers.delete(panel);
      return;
    }
    const { notebook_id, kernel_id, cells } = notebookContext(panel, null);
    const started = cells.some(cell => 'source' in cell && cell.execution_count !== null);
    let found = NOTHING;
    if (kernel_id && started) {
      try {
        const told = await this._facts.examine(notebook_id, kernel_id, cells);
        const findings = told.findings.filter(one => !SILENT.has(one.kind));
        found = { findings, cells: reasons(findings), labels: told.labels };
      } catch {
        return; // What was known stays; a question would say what is wrong.
      }
    }
    // Meanwhile it may have been asked for again: that answer is the newer one.
    if (!panel.isDisposed && this._timers.get(panel) === timer) {
      this._timers.delete(panel);
      this._known.set(panel, found);
      mark(panel, found.cells);
      this._changed.emit(panel);
    }
  }
}

/** Show a cell and make it the active one. */
export function reveal(panel: NotebookPanel, cellId: string): void {
  const index = panel.content.widgets.findIndex(cell => cell.model.id === cellId);
  if (index >= 0) {
    panel.content.activeCellIndex = index;
    panel.content.deselectAll();
    void panel.content.scrollToItem(index, 'center');
  }
}

function reasons(findings: readonly IFinding[]): Map<string, string> {
  const told = new Map<string, string>();
  for (const { kind, cells, reason } of findings) {
    if (STALE.has(kind) && cells.length > 0) {
      const before = told.get(cells[0]);
      told.set(cells[0], before ? `${before}\n${reason}` : reason);
    }
  }
  return told;
}

function mark(panel: NotebookPanel, stale: ReadonlyMap<string, string>): void {
  for (const cell of panel.content.widgets) {
    const reason = stale.get(cell.model.id);
    cell.toggleClass(MARK, reason !== undefined);
    const prompt = cell.node.querySelector<HTMLElement>('.jp-InputArea-prompt');
    if (!prompt) {
      continue;
    }
    if (reason !== undefined) {
      prompt.title = reason;
      prompt.dataset.agentStale = 'true';
    } else if (prompt.dataset.agentStale) {
      prompt.removeAttribute('title');
      delete prompt.dataset.agentStale;
    }
  }
}
