// Puts code of an answer into the open notebook: into a new cell, in place of the active one, run at once.

import type { Cell } from '@jupyterlab/cells';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';

/** Class of a cell that was inserted and not edited since: Ctrl-Z there undoes the insertion. */
export const INSERTED_CLASS = 'jp-agent-inserted';

/**
 * Insert code as a new cell below the active one, as one step of the notebook's undo.
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
    markInserted(notebook.activeCell);
  }
  void NotebookActions.focusActiveCell(notebook);
  return true;
}

function markInserted(cell: Cell): void {
  const { sharedModel } = cell.model;
  cell.addClass(INSERTED_CLASS);
  const unmark = () => {
    sharedModel.changed.disconnect(unmark);
    if (!cell.isDisposed) {
      cell.removeClass(INSERTED_CLASS);
    }
  };
  sharedModel.changed.connect(unmark);
}

/** Insert code as a new cell below the active one, and run it. */
export function runBelow(panel: NotebookPanel, source: string): boolean {
  if (!panel.sessionContext.session?.kernel || !insertBelow(panel, source)) {
    return false;
  }
  void NotebookActions.run(panel.content, panel.sessionContext);
  return true;
}

/** Replace the source of the active cell, as one step of its undo. */
export function replaceActive(panel: NotebookPanel, source: string): boolean {
  const { activeCell, model } = panel.content;
  if (!activeCell || !model || model.readOnly || activeCell.model.type !== 'code' || activeCell.readOnly) {
    return false;
  }
  activeCell.model.sharedModel.setSource(source);
  panel.content.mode = 'edit';
  return true;
}
