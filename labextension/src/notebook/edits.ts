// Edits that a turn requests of the page with the open notebook: each compares the cell before it changes anything.

import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { IEditRequested } from '../api/events';
import type { TurnsApi } from '../api/turns';
import type { CellChange, PostedCell } from '../api/wire';
import { type CellJson, metadataOf, NotebookCells } from './notebookCells';
import { pageCells } from './notebookContext';
import { sha256 } from './sha256';

type Edit = IEditRequested['edit'];

/** The result of an edit; without a change nothing was done. */
interface IEditResult {
  status: 'ok' | 'error' | 'cell_changed' | 'not_found' | 'read_only' | 'unavailable' | 'died';
  change?: CellChange;
  /** Where nothing was done: the cells as they are now, so that the model can read them again. */
  cells?: PostedCell[];
}

/** Makes the edits of one turn, each once, and reports their results. */
export class PageEdits {
  private _made = new Set<string>();

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _turns: TurnsApi
  ) {}

  /** Make an edit; a stream that is read again requests it again, which does nothing. */
  async make({ call_id, edit }: IEditRequested, turnId: string): Promise<void> {
    if (this._made.has(call_id)) {
      return;
    }
    this._made.add(call_id);
    const result = await makeEdit(this._panel, edit);
    // If the server cannot be reached, or does not wait any more, the turn ends without the result.
    await this._turns.reportEdit(turnId, call_id, result).catch(() => undefined);
  }
}

/** Make one edit. It never throws: what went wrong is its status. */
async function makeEdit(panel: NotebookPanel, edit: Edit): Promise<IEditResult> {
  const cells = new NotebookCells(panel);
  if (panel.isDisposed || cells.isReadOnly) {
    return { status: 'read_only' };
  }
  if (edit.kind === 'insert') {
    return insertCell(cells, edit);
  }
  const index = cells.find(edit.cell_id);
  if (index < 0) {
    return { status: 'not_found', cells: pageCells(panel) };
  }
  if (sha256(cells.source(index)) !== edit.source_hash) {
    return { status: 'cell_changed', cells: pageCells(panel) };
  }
  const before = cells.toJSON(index);
  const above = cells.above(index);
  switch (edit.kind) {
    case 'replace':
      if (cells.isLocked(index, 'editable')) {
        return { status: 'read_only' };
      }
      cells.write(index, edit.source, { ...before.metadata, ...originMetadata(edit) });
      break;
    case 'delete':
      if (cells.isLocked(index, 'deletable')) {
        return { status: 'read_only' };
      }
      cells.remove(index);
      break;
    case 'move': {
      const to = cells.below(edit.below);
      if (to === null || edit.below === edit.cell_id) {
        return { status: 'not_found' };
      }
      cells.move(index, to);
      break;
    }
    case 'run': {
      const status = await runCell(panel, cells, index, edit.cell_id);
      if (status !== 'ok' && status !== 'error') {
        return { status };
      }
      return { status, change: changeOf(cells, edit.cell_id, before, above) };
    }
  }
  return { status: 'ok', change: changeOf(cells, edit.cell_id, before, above) };
}

function insertCell(cells: NotebookCells, edit: Edit): IEditResult {
  const existing = cells.find(edit.cell_id);
  const index = existing >= 0 ? existing : cells.below(edit.below);
  if (index === null) {
    return { status: 'not_found' };
  }
  if (existing < 0) {
    const isCode = edit.cell_type === 'code';
    // A cell without outputs can be trusted: its later outputs are made by the user's own kernel.
    const metadata = { ...originMetadata(edit), ...(isCode ? { trusted: true } : {}) };
    const code = isCode ? { execution_count: null, outputs: [] } : {};
    cells.insert(index, { id: edit.cell_id, cell_type: edit.cell_type, metadata, source: edit.source, ...code });
  } else if (cells.source(existing) !== edit.source) {
    return { status: 'cell_changed' };
  }
  return { status: 'ok', change: changeOf(cells, edit.cell_id, null, null) };
}

async function runCell(
  panel: NotebookPanel,
  cells: NotebookCells,
  index: number,
  cellId: string
): Promise<IEditResult['status']> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    return 'unavailable';
  }
  const notebook = panel.content;
  const { mode } = notebook;
  const running = NotebookActions.runCells(notebook, [notebook.widgets[index]], panel.sessionContext);
  // Running cells leaves the edit mode: what the user types in another cell at this moment would become commands.
  notebook.mode = mode;
  const succeeded = await running.catch(() => false);
  if (cells.find(cellId) < 0) {
    return 'not_found';
  }
  if (kernel.isDisposed || kernel.status === 'dead') {
    return 'died';
  }
  return succeeded ? 'ok' : 'error';
}

function changeOf(cells: NotebookCells, cellId: string, before: CellJson | null, above: string | null): CellChange {
  const index = cells.find(cellId);
  const after = index < 0 ? null : cells.toJSON(index);
  return {
    cell_id: cellId,
    before: before && { ...before, metadata: metadataOf(before) },
    after: after && { ...after, metadata: metadataOf(after) },
    below_before: above,
    below_after: index < 0 ? null : cells.above(index)
  };
}

function originMetadata({ origin }: Edit): CellJson {
  return origin && Object.keys(origin).length > 0 ? { jupyter_agent: origin } : {};
}
