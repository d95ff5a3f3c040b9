// Stale cells of the open notebooks: checked by the doctor after runs and saves, marked at the cells.

import { NotebookActions, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import type { DoctorApi } from '../api/doctor';
import type { DoctorFinding } from '../api/wire';
import { notebookContext } from './notebookContext';

/** The notebook is checked so long after the last run or save. */
const DEBOUNCE_MILLISECONDS = 600;
const STALE_CLASS = 'jp-agent-stale';
/** Findings that a reader of the cell cannot see, and that running it again resolves. */
const STALE_KINDS = new Set(['edited', 'stale', 'out_of_order', 'orphaned', 'rerun']);
/** Findings that need no warning. */
const IGNORED_KINDS = new Set(['never_run']);

/** The doctor's findings in one notebook. */
export interface IStaleness {
  findings: readonly DoctorFinding[];
  /** The stale cells by id, with the reasons. */
  cells: ReadonlyMap<string, string>;
  labels: Readonly<Record<string, string>>;
}

const NO_FINDINGS: IStaleness = { findings: [], cells: new Map(), labels: {} };

export class StalenessMonitor {
  private _changed = new Signal<this, NotebookPanel>(this);
  private _results = new WeakMap<NotebookPanel, IStaleness>();
  private _watched = new WeakSet<NotebookPanel>();
  private _timers = new Map<NotebookPanel, number>();

  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _doctor: DoctorApi
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

  /** A notebook has been checked again. */
  get changed(): ISignal<this, NotebookPanel> {
    return this._changed;
  }

  get(panel: NotebookPanel | null): IStaleness {
    return (panel && this._results.get(panel)) ?? NO_FINDINGS;
  }

  private _onExecuted(_: unknown, { notebook }: { notebook: unknown }): void {
    this._schedule(this._notebooks.find(panel => panel.content === notebook));
  }

  private _onCurrent(): void {
    const panel = this._notebooks.currentWidget;
    if (!panel || this._watched.has(panel)) {
      return;
    }
    this._watched.add(panel);
    panel.context.saveState.connect((_, state) => state === 'completed' && this._schedule(panel));
    panel.sessionContext.kernelChanged.connect(() => this._schedule(panel));
    void panel.context.ready.then(() => this._schedule(panel));
  }

  private _schedule(panel: NotebookPanel | undefined): void {
    if (!panel) {
      return;
    }
    window.clearTimeout(this._timers.get(panel));
    const timer = window.setTimeout(() => void this._check(panel, timer), DEBOUNCE_MILLISECONDS);
    this._timers.set(panel, timer);
  }

  private async _check(panel: NotebookPanel, timer: number): Promise<void> {
    if (panel.isDisposed) {
      this._timers.delete(panel);
      return;
    }
    const { notebook_id, kernel_id, cells } = notebookContext(panel, null);
    const hasRun = cells.some(cell => 'source' in cell && cell.execution_count !== null);
    let result = NO_FINDINGS;
    if (kernel_id && hasRun) {
      try {
        const report = await this._doctor.check(notebook_id, kernel_id, cells);
        const findings = report.findings.filter(finding => !IGNORED_KINDS.has(finding.kind));
        result = { findings, cells: reasonsByCell(findings, report.labels), labels: report.labels };
      } catch {
        return; // The last result is kept; a question would report the error.
      }
    }
    // If another check was scheduled meanwhile, its result is the newer one.
    if (!panel.isDisposed && this._timers.get(panel) === timer) {
      this._timers.delete(panel);
      this._results.set(panel, result);
      markCells(panel, result.cells);
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

function reasonsByCell(
  findings: readonly DoctorFinding[],
  labels: Readonly<Record<string, string>>
): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const { cells, reason } of findings.filter(finding => STALE_KINDS.has(finding.kind))) {
    for (const cell of cells) {
      const text = cell === cells[0] ? reason : `${labels[cells[0]] ?? ''}: ${reason}`;
      const before = reasons.get(cell);
      reasons.set(cell, before ? `${before}\n${text}` : text);
    }
  }
  return reasons;
}

function markCells(panel: NotebookPanel, stale: ReadonlyMap<string, string>): void {
  for (const cell of panel.content.widgets) {
    const reason = stale.get(cell.model.id);
    cell.toggleClass(STALE_CLASS, reason !== undefined);
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
