// Does in the open notebook what the agent was allowed to do there: every edit compares before it changes anything.

import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { IEditAsked } from '../api/events';
import { Cells, type IChange, metadataOf, type Node } from './notebookCells';
import { sha256 } from './sha256';

export type Edit = IEditAsked['edit'];

/** What is told of an edit; without a change nothing was done. */
export interface IEdited {
  status: 'ok' | 'error' | 'cell_changed' | 'not_found' | 'read_only' | 'unavailable' | 'died';
  change?: IChange;
  text?: string;
}

/** Do one edit. It never throws: what went wrong is its status. */
export async function edited(panel: NotebookPanel, edit: Edit): Promise<IEdited> {
  const cells = new Cells(panel);
  if (panel.isDisposed || cells.isReadOnly) {
    return { status: 'read_only' };
  }
  if (edit.kind === 'insert') {
    return inserted(cells, edit);
  }
  const index = cells.find(edit.cell_id);
  if (index < 0) {
    return { status: 'not_found' };
  }
  if (sha256(cells.source(index)) !== edit.source_hash) {
    return { status: 'cell_changed' };
  }
  switch (edit.kind) {
    case 'replace':
      return replaced(cells, index, edit);
    case 'delete':
      return deleted(cells, index, edit);
    case 'move':
      return moved(cells, index, edit);
    case 'run':
      return ran(panel, cells, index, edit);
  }
}

function inserted(cells: Cells, edit: Edit): IEdited {
  const known = cells.find(edit.cell_id);
  const index = known >= 0 ? known : cells.below(edit.below);
  if (index === null) {
    return { status: 'not_found' };
  }
  if (known < 0) {
    const code = edit.cell_type === 'code' ? { execution_count: null, outputs: [] } : {};
    // A cell without outputs can be trusted: what it shows later, the user's own kernel made.
    const metadata = { ...signed(edit), ...(edit.cell_type === 'code' ? { trusted: true } : {}) };
    cells.insert(index, { id: edit.cell_id, cell_type: edit.cell_type, metadata, source: edit.source, ...code });
  } else if (cells.source(known) !== edit.source) {
    return { status: 'cell_changed' };
  }
  return done(cells, edit.cell_id, null, null);
}

function replaced(cells: Cells, index: number, edit: Edit): IEdited {
  if (cells.isLocked(index, 'editable')) {
    return { status: 'read_only' };
  }
  const before = cells.node(index);
  cells.write(index, edit.source, { ...before.metadata, ...signed(edit) });
  return done(cells, edit.cell_id, before, cells.above(index));
}

function deleted(cells: Cells, index: number, edit: Edit): IEdited {
  if (cells.isLocked(index, 'deletable')) {
    return { status: 'read_only' };
  }
  const before = cells.node(index);
  const above = cells.above(index);
  cells.remove(index);
  return done(cells, edit.cell_id, before, above);
}

function moved(cells: Cells, index: number, edit: Edit): IEdited {
  const below = cells.below(edit.below);
  if (below === null || edit.below === edit.cell_id) {
    return { status: 'not_found' };
  }
  const before = cells.node(index);
  const above = cells.above(index);
  cells.move(index, below);
  return done(cells, edit.cell_id, before, above);
}

async function ran(panel: NotebookPanel, cells: Cells, index: number, edit: Edit): Promise<IEdited> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    return { status: 'unavailable' };
  }
  const before = cells.node(index);
  const above = cells.above(index);
  const notebook = panel.content;
  const worked = await NotebookActions.runCells(notebook, [notebook.widgets[index]], panel.sessionContext).catch(() => false);
  if (cells.find(edit.cell_id) < 0) {
    return { status: 'not_found' };
  }
  if (kernel.isDisposed || kernel.status === 'dead') {
    return { status: 'died' };
  }
  return { ...done(cells, edit.cell_id, before, above), status: worked ? 'ok' : 'error' };
}

function done(cells: Cells, cellId: string, before: Node | null, above: string | null): IEdited {
  const index = cells.find(cellId);
  const after = index < 0 ? null : cells.node(index);
  const below = index < 0 ? null : cells.above(index);
  return {
    status: 'ok',
    change: {
      cell_id: cellId,
      before: before && stored(before),
      after: after && stored(after),
      below_before: above,
      below_after: below
    }
  };
}

/** Whether a cell is trusted is no part of the notebook. */
function stored(node: Node): Node {
  return { ...node, metadata: metadataOf(node) };
}

function signed({ origin }: Edit): Node {
  return origin && Object.keys(origin).length > 0 ? { jupyter_agent: origin } : {};
}
