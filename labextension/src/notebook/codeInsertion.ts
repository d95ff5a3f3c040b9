// What the user does to the notebook with an answer's code: into a new cell, over the active one, run.

import type { Cell } from '@jupyterlab/cells';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';

/** Marks a cell that was inserted and not touched since: there Ctrl-Z means the insertion. */
export const INSERTED = 'jp-agent-inserted';

/**
 * Put code into a new cell below the active one, as one step that undo takes back.
 *
 * @returns whether the notebook could be changed.
 */
export function insertBelow(panel: NotebookPanel, source: string): boolean {
  const notebook = panel.content;
  const model = notebook.model;
  if (!model || model.readOnly) {
    return false;
  }
  const index = notebook.activeCell ? notebook.activeCellIndex + 1 : model.cells.length;
  model.sharedModel.insertCell(index, { cell_type: 'code', source, metadata: { trusted: true } });
  notebook.activeCellIndex = index;
  notebook.deselectAll();
  notebook.mode = 'command';
  if (notebook.activeCell) {
    markUntouched(notebook.activeCell);
  }
  void NotebookActions.focusActiveCell(notebook);
  return true;
}

function markUntouched(cell: Cell): void {
  const { sharedModel } = cell.model;
  cell.addClass(INSERTED);
  const unmark = () => {
    sharedModel.changed.disconnect(unmark);
    if (!cell.isDisposed) {
      cell.removeClass(INSERTED);
    }
  };
  sharedModel.changed.connect(unmark);
}

/** The same, and run the new cell; its output appears below it. */
export function runBelow(panel: NotebookPanel, source: string): boolean {
  const isThere = panel.sessionContext.session?.kernel && insertBelow(panel, source);
  if (isThere) {
    void NotebookActions.run(panel.content, panel.sessionContext);
  }
  return Boolean(isThere);
}

/** Put code in the place of what the active cell has, as one step that undo takes back. */
export function replaceActive(panel: NotebookPanel, source: string): boolean {
  const { activeCell, model } = panel.content;
  if (!activeCell || !model || model.readOnly || activeCell.model.type !== 'code' || activeCell.readOnly) {
    return false;
  }
  activeCell.model.sharedModel.setSource(source);
  panel.content.mode = 'edit';
  return true;
}
