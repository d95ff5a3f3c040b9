// Cells as they were before a turn, or after it, put back into an open notebook.

import type { NotebookPanel } from '@jupyterlab/notebook';
import { Cells, type IChange, joined, metadataOf, same } from './notebookCells';

/**
 * Put cells back, in order; Ctrl-Z takes what follows within half a second as one step.
 *
 * @returns the ids of cells that were left as they are, because somebody changed them since.
 */
export async function restoreChanges(panel: NotebookPanel, changes: readonly IChange[]): Promise<readonly string[]> {
  const cells = new Cells(panel);
  if (cells.isReadOnly) {
    return changes.map(one => one.cell_id);
  }
  // Not within one transaction: there the list of cells would still be the old one.
  const left = changes.filter(one => !restored(cells, one)).map(one => one.cell_id);
  return [...new Set(left)];
}

function restored(cells: Cells, change: IChange): boolean {
  const { before, after } = change;
  const index = cells.find(change.cell_id);
  if (!before) {
    return after !== null && (index < 0 ? putBack(cells, change) : same(cells.node(index), after));
  }
  if (index < 0) {
    return after === null;
  }
  const now = cells.node(index);
  if (!after) {
    const isAsItWas = same(now, before);
    if (isAsItWas) {
      cells.remove(index);
    }
    return isAsItWas;
  }
  if (same(before, after) && change.below_before !== change.below_after) {
    return movedBack(cells, index, change);
  }
  if (same(now, after)) {
    return true;
  }
  if (!same(now, before)) {
    return false;
  }
  // Whether the cell is trusted is the page's knowledge, and stays.
  const { trusted } = now.metadata ?? {};
  cells.write(index, joined(after.source), { ...metadataOf(after), ...(trusted === undefined ? {} : { trusted }) });
  cells.show(index, after.outputs ?? [], after.execution_count ?? null);
  return true;
}

/** Where its place is gone it stands at the end: better than not at all. */
function putBack(cells: Cells, { after, below_after }: IChange): boolean {
  const index = cells.below(below_after ?? '') ?? cells.length;
  cells.insert(index, { ...after!, source: joined(after!.source), metadata: metadataOf(after!) });
  return true;
}

function movedBack(cells: Cells, index: number, change: IChange): boolean {
  if (cells.above(index) !== (change.below_before ?? '')) {
    return cells.above(index) === (change.below_after ?? '');
  }
  const below = cells.below(change.below_after ?? '');
  if (below !== null) {
    cells.move(index, below);
  }
  return below !== null;
}
