// What is asked about a cell, in words.

import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import { failed } from './cellErrors';

/** How a question names a cell: by its number where only one has it, as people do, else by its id. */
export function nameOf(notebook: Notebook, cell: Cell): string {
  const count = countOf(cell);
  const isAlone = count !== null && notebook.widgets.filter(one => countOf(one) === count).length === 1;
  return `@cell:${isAlone ? count : cell.model.id}`;
}

/** What went wrong in a cell: the kernel knows most of the last error. */
export function aboutError(notebook: Notebook, cell: Cell): string {
  const later = notebook.widgets.some(one => failed(one) && (countOf(one) ?? 0) > (countOf(cell) ?? 0));
  const what = later || !failed(cell) ? nameOf(notebook, cell) : '@error';
  return `What went wrong in ${what}, and how is it fixed? Show the corrected code.`;
}

export function toExplain(notebook: Notebook, cell: Cell): string {
  return `Explain ${nameOf(notebook, cell)}.`;
}

export function toImprove(notebook: Notebook, cell: Cell): string {
  return `Improve the code of ${nameOf(notebook, cell)}: easier to read, simpler, faster. What it does must stay the same.`;
}

export function toDocument(notebook: Notebook, cell: Cell): string {
  return `Document the code of ${nameOf(notebook, cell)}: docstrings, and comments that say why. Change nothing else.`;
}

/** The user's own instruction for a cell; for an empty one it is what its code shall do. */
export function toEdit(notebook: Notebook, cell: Cell, instruction: string): string {
  const isEmpty = !cell.model.sharedModel.getSource().trim();
  return isEmpty ? instruction : `Edit ${nameOf(notebook, cell)}: ${instruction}`;
}

function countOf({ model }: Cell): number | null {
  return model.type === 'code' ? (model as ICodeCellModel).executionCount : null;
}
