// Undo and redo of a turn's edits in the open notebook: each change is applied only to a cell that is still as it was.

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { CellChange } from '../api/wire';
import { areEqual, joined, metadataOf, NotebookCells } from './notebookCells';

/**
 * Apply changes in order; changes within half a second are one step of the notebook's own undo.
 *
 * @returns the ids of cells that were left as they are, because they were changed since, or cannot be changed.
 * @throws what keeps all of them from being changed.
 */
export function applyChanges(panel: NotebookPanel, changes: readonly CellChange[]): readonly string[] {
  const cells = new NotebookCells(panel);
  if (cells.isReadOnly) {
    return changes.map(change => change.cell_id);
  }
  const left: string[] = [];
  const errors: unknown[] = [];
  // Not within one transaction: the list of cells would not be updated there.
  for (const change of changes) {
    try {
      if (!apply(cells, change)) {
        left.push(change.cell_id);
      }
    } catch (error) {
      errors.push(error);
      left.push(change.cell_id);
    }
  }
  if (errors.length > 0 && left.length === changes.length) {
    throw errors[0];
  }
  return [...new Set(left)];
}

/** Apply one change; returns whether the cell is now as the change says. */
function apply(cells: NotebookCells, change: CellChange): boolean {
  const { before, after } = change;
  const index = cells.find(change.cell_id);
  if (!before) {
    return after !== null && (index < 0 ? insert(cells, change) : areEqual(cells.toJSON(index), after));
  }
  if (index < 0) {
    return after === null;
  }
  const now = cells.toJSON(index);
  if (!after) {
    const isUnchanged = areEqual(now, before);
    if (isUnchanged) {
      cells.remove(index);
    }
    return isUnchanged;
  }
  if (areEqual(before, after) && change.below_before !== change.below_after) {
    return move(cells, index, change);
  }
  if (areEqual(now, after)) {
    return true;
  }
  if (!areEqual(now, before)) {
    return false;
  }
  // The page's own knowledge whether the cell is trusted is kept.
  const { trusted } = now.metadata ?? {};
  cells.write(index, joined(after.source), { ...metadataOf(after), ...(trusted === undefined ? {} : { trusted }) });
  cells.setOutputs(index, after.outputs ?? [], after.execution_count ?? null);
  return true;
}

/** Insert a deleted cell; at the end where the cell above it does not exist any more. */
function insert(cells: NotebookCells, { after, below_after }: CellChange): boolean {
  const index = cells.below(below_after ?? '') ?? cells.length;
  cells.insert(index, { ...after!, source: joined(after!.source), metadata: metadataOf(after!) });
  return true;
}

function move(cells: NotebookCells, index: number, change: CellChange): boolean {
  if (cells.above(index) !== (change.below_before ?? '')) {
    return cells.above(index) === (change.below_after ?? '');
  }
  const below = cells.below(change.below_after ?? '');
  if (below !== null) {
    cells.move(index, below);
  }
  return below !== null;
}
