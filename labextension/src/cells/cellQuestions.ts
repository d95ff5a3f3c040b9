// The questions that the commands ask about a cell.

import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import { hasError } from './cellErrors';

/** How a question mentions a cell: by its execution count where no other cell has it, else by its id. */
export function mentionOf(notebook: Notebook, cell: Cell): string {
  const count = countOf(cell);
  const isUnique = count !== null && notebook.widgets.filter(other => countOf(other) === count).length === 1;
  return `@cell:${isUnique ? count : cell.model.id}`;
}

/** The kernel knows more of the last error than of earlier ones. */
export function fixQuestion(notebook: Notebook, cell: Cell): string {
  const isLast = !notebook.widgets.some(other => hasError(other) && (countOf(other) ?? 0) > (countOf(cell) ?? 0));
  const subject = isLast && hasError(cell) ? '@error' : mentionOf(notebook, cell);
  return `What went wrong in ${subject}, and how is it fixed? Show the corrected code.`;
}

export function explainQuestion(notebook: Notebook, cell: Cell): string {
  return `Explain ${mentionOf(notebook, cell)}.`;
}

export function improveQuestion(notebook: Notebook, cell: Cell): string {
  return `Improve the code of ${mentionOf(notebook, cell)}: easier to read, simpler, faster. What it does must stay the same.`;
}

export function documentQuestion(notebook: Notebook, cell: Cell): string {
  return `Document the code of ${mentionOf(notebook, cell)}: docstrings, and comments that say why. Change nothing else.`;
}

/** The user's instruction for a cell; for an empty cell, what its code shall do. */
export function editQuestion(notebook: Notebook, cell: Cell, instruction: string): string {
  const isEmpty = !cell.model.sharedModel.getSource().trim();
  return isEmpty ? instruction : `Edit ${mentionOf(notebook, cell)}: ${instruction}`;
}

function countOf({ model }: Cell): number | null {
  return model.type === 'code' ? (model as ICodeCellModel).executionCount : null;
}
