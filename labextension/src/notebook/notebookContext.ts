// What the panel reads from a notebook.

import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IOutputModel } from '@jupyterlab/rendermime';
import { type PostedCell, posted } from './postedCells';

const OUTPUT_CHARACTERS = 2000;
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

/** A cell as the server is told it. */
export interface ICell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  execution_count: number | null;
  output: string;
  error: string;
}

/** A question's surroundings as the server is told them. */
export interface INotebookContext {
  notebook_id: string;
  session_id: string | null;
  kernel_id: string | null;
  active_cell_id: string | null;
  cell_count: number;
  cells: PostedCell[];
}

/** Where a notebook is on the server: with real-time collaboration the page has a drive of its own before that. */
export function notebookPath(panel: NotebookPanel | null): string {
  return panel?.context.path.replace(/^RTC:/, '') ?? '';
}

/** The notebook as it is in the page now, unsaved changes included. */
export function notebookContext(panel: NotebookPanel | null, sessionId: string | null): INotebookContext {
  const cells = panel?.content.model?.cells;
  const active = panel?.content.activeCell?.model.id ?? null;
  return {
    notebook_id: notebookPath(panel),
    session_id: sessionId,
    kernel_id: panel?.sessionContext.session?.kernel?.id ?? null,
    active_cell_id: active,
    cell_count: cells?.length ?? 0,
    cells: posted(cells ? Array.from(cells, cellOf) : [], active)
  };
}

function cellOf(cell: ICellModel): ICell {
  const code = cell.type === 'code' ? (cell as ICodeCellModel) : null;
  const outputs = code ? Array.from({ length: code.outputs.length }, (_, index) => code.outputs.get(index)) : [];
  return {
    id: cell.id,
    kind: cell.type === 'code' || cell.type === 'markdown' ? cell.type : 'raw',
    source: cell.sharedModel.getSource(),
    execution_count: code?.executionCount ?? null,
    output: outputText(outputs),
    error: errorText(outputs)
  };
}

function outputText(outputs: readonly IOutputModel[]): string {
  let text = '';
  for (const output of outputs) {
    text += textOf(output);
    if (text.length >= OUTPUT_CHARACTERS) {
      break;
    }
  }
  return text.slice(0, OUTPUT_CHARACTERS);
}

function textOf(output: IOutputModel): string {
  if (output.type === 'error') {
    return '';
  }
  const stored: Record<string, any> = output.toJSON();
  const text = output.type === 'stream' ? stored.text : stored.data?.['text/plain'];
  const whole = Array.isArray(text) ? text.join('') : String(text ?? '');
  // Colours are cut out of the part that is kept only: a stream may hold megabytes.
  return whole.slice(0, 2 * OUTPUT_CHARACTERS).replace(COLOURS, '');
}

function errorText(outputs: readonly IOutputModel[]): string {
  const error = outputs.find(output => output.type === 'error');
  if (!error) {
    return '';
  }
  const { ename, evalue } = error.toJSON() as Record<string, unknown>;
  const words = `${String(ename ?? '')}: ${String(evalue ?? '')}`;
  return words.slice(0, 2 * OUTPUT_CHARACTERS).replace(COLOURS, '').slice(0, OUTPUT_CHARACTERS);
}
