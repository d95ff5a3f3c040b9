// Cells as they were before a turn, or after it, put back into an open notebook.

import type { NotebookPanel } from '@jupyterlab/notebook';

/**
 * Put cells back, in order, as one step that undo takes back.
 *
 * @returns the ids of cells that were left as they are, because somebody changed them since.
 */
export async function restoreChanges(_panel: NotebookPanel, _changes: readonly unknown[]): Promise<readonly string[]> {
  return [];
}
