// Where at a cell something of ours stands, and how the keyboard comes back to the cell.

import type { Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { PanelLayout, Widget } from '@lumino/widgets';

/** Below the cell's code; what would be a new cell, below all of it. */
export function place(widget: Widget, cell: Cell, isAboutCell: boolean): void {
  const layout = cell.layout as PanelLayout;
  const code = layout.widgets.findIndex(one => one.hasClass('jp-Cell-inputWrapper'));
  layout.insertWidget(isAboutCell ? code + 1 : layout.widgets.length, widget);
}

/** Bring the keyboard back to a cell, as it was before: to select, or to type. */
export function focus(notebook: Notebook, cell: Cell, mode: Notebook['mode'] = notebook.mode): void {
  const index = notebook.widgets.indexOf(cell);
  if (index >= 0) {
    notebook.activeCellIndex = index;
  }
  notebook.mode = mode;
  if (mode === 'edit') {
    cell.editor?.focus();
  } else {
    cell.node.focus();
  }
}
