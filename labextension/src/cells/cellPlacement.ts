// Places a widget in a cell, and returns the keyboard focus to the cell.

import type { Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { PanelLayout, Widget } from '@lumino/widgets';

/** Insert a widget below the cell's code, below its outputs, or at its top. */
export function placeInCell(widget: Widget, cell: Cell, place: 'code' | 'outputs' | 'top'): void {
  const layout = cell.layout as PanelLayout;
  const code = layout.widgets.findIndex(part => part.hasClass('jp-Cell-inputWrapper'));
  layout.insertWidget({ code: code + 1, outputs: layout.widgets.length, top: 0 }[place], widget);
}

/** Focus a cell in the notebook's mode: the cell itself, or its editor. */
export function focusCell(notebook: Notebook, cell: Cell, mode: Notebook['mode'] = notebook.mode): void {
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
