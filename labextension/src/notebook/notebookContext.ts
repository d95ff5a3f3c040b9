// The open notebook as it is sent with a question: all cells, but of a very large notebook no more than a request may hold.

import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IOutputModel } from '@jupyterlab/rendermime';
import { type ICell, type INotebookContext, MEDIA_TYPES } from '../api/context';
import type { PostedCell, PostedPicture } from '../api/wire';

const MAX_OUTPUT_CHARACTERS = 2000;
/** The server takes 8 MiB, and so many cells; JSON and UTF-8 take up to six bytes for a character. */
const MAX_BYTES = 6 * 1024 * 1024;
const MAX_CELLS = 5000;
/** Pictures of cells, and Base64 characters of each: what is larger than the server takes is made smaller before it is sent. */
const MAX_PICTURES = 4;
const MAX_PICTURE_CHARACTERS = 16 * 1024 * 1024;
/** Escape sequences of terminals, by the same pattern as the server's. */
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\\-_])/g;

/** Path of a notebook on the server, without the drive that real-time collaboration puts before it. */
export function notebookPath(panel: NotebookPanel | null): string {
  return panel?.context.path.replace(/^RTC:/, '') ?? '';
}

/** The language of a notebook's kernel, in lower case. */
export function notebookLanguage(panel: NotebookPanel): string {
  const metadata: any = panel.content.model?.getMetadata('language_info');
  return String(metadata?.name ?? 'python').toLowerCase();
}

/** The notebook as it is in the page now, unsaved changes included. */
export function notebookContext(panel: NotebookPanel | null, sessionId: string | null): INotebookContext {
  return {
    notebook_id: notebookPath(panel),
    session_id: sessionId,
    kernel_id: panel?.sessionContext.session?.kernel?.id ?? null,
    active_cell_id: panel?.content.activeCell?.model.id ?? null,
    cell_count: panel?.content.model?.cells.length ?? 0,
    cells: pageCells(panel)
  };
}

/** The same with the pictures that the question may be about: of the active cell, of those it mentions, of those that ran last. */
export function questionContext(panel: NotebookPanel | null, sessionId: string | null, question: string): INotebookContext {
  const context = notebookContext(panel, sessionId);
  const mentioned = new Set(Array.from(question.matchAll(/@cell:([\w#-]+)/g), match => match[1]));
  const rank = (cell: ICellModel) =>
    cell.id === context.active_cell_id
      ? Infinity
      : mentioned.has(cell.id) || mentioned.has(String((cell as ICodeCellModel).executionCount))
        ? Number.MAX_VALUE
        : ((cell as ICodeCellModel).executionCount ?? 0);
  const models = Array.from(panel?.content.model?.cells ?? []).filter(cell => cell.type === 'code');
  const shown = new Map<string, PostedPicture[]>();
  let room = MAX_PICTURES;
  for (const cell of models.sort((a, b) => rank(b) - rank(a))) {
    if (room <= 0) {
      break;
    }
    const pictures = cellPictures(cell as ICodeCellModel).slice(-room);
    room -= pictures.length;
    shown.set(cell.id, pictures);
  }
  const cells = context.cells.map(cell => (shown.get(cell.id)?.length ? { ...cell, pictures: shown.get(cell.id) } : cell));
  return { ...context, cells };
}

/** The pictures of a cell's outputs, oldest first; very large ones are left out. */
function cellPictures(cell: ICodeCellModel): PostedPicture[] {
  const pictures: PostedPicture[] = [];
  for (let index = 0; index < cell.outputs.length; index++) {
    const { data = {} } = cell.outputs.get(index).toJSON() as { data?: Record<string, unknown> };
    for (const type of MEDIA_TYPES) {
      const value = data[type];
      const text = Array.isArray(value) ? value.join('') : String(value ?? '');
      if (text) {
        if (text.length <= MAX_PICTURE_CHARACTERS) {
          pictures.push({ media_type: type as PostedPicture['media_type'], data: text, name: String(data['text/plain'] ?? '').slice(0, 200) });
        }
        break;
      }
    }
  }
  return pictures;
}

/** The cells as they are now; the nearest to the active one in full, as many as there is room for. */
export function pageCells(panel: NotebookPanel | null): PostedCell[] {
  const cells = Array.from(panel?.content.model?.cells ?? [], cellOf);
  const activeId = panel?.content.activeCell?.model.id ?? null;
  const size = cells.reduce((sum, cell) => sum + cell.source.length + cell.output.length + cell.error.length + 100, 0);
  if (size <= MAX_BYTES / 6 && cells.length <= MAX_CELLS) {
    return cells;
  }
  const active = Math.max(0, cells.findIndex(cell => cell.id === activeId));
  const nearest = cells.map((_, index) => index).sort((a, b) => Math.abs(a - active) - Math.abs(b - active));
  const encoder = new TextEncoder();
  const posted = new Map<number, PostedCell>();
  let room = MAX_BYTES;
  for (const index of nearest.slice(0, MAX_CELLS)) {
    const { id, kind } = cells[index];
    const bytes = room > 0 ? encoder.encode(JSON.stringify(cells[index])).length : Infinity;
    posted.set(index, bytes <= room ? cells[index] : { id, kind, saved: true });
    room -= bytes <= room ? bytes : 0;
  }
  return Array.from(posted.keys())
    .sort((a, b) => a - b)
    .map(index => posted.get(index)!);
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
    if (text.length >= MAX_OUTPUT_CHARACTERS) {
      break;
    }
  }
  return text.slice(0, MAX_OUTPUT_CHARACTERS);
}

function textOf(output: IOutputModel): string {
  if (output.type === 'error') {
    return '';
  }
  const stored: Record<string, any> = output.toJSON();
  const text = output.type === 'stream' ? stored.text : stored.data?.['text/plain'];
  const all = Array.isArray(text) ? text.join('') : String(text ?? '');
  // Escape sequences are removed only from the part that is kept: a stream may hold megabytes.
  return all.slice(0, 2 * MAX_OUTPUT_CHARACTERS).replace(ANSI, '');
}

function errorText(outputs: readonly IOutputModel[]): string {
  const error = outputs.find(output => output.type === 'error');
  if (!error) {
    return '';
  }
  const { ename, evalue } = error.toJSON() as Record<string, unknown>;
  const message = `${String(ename ?? '')}: ${String(evalue ?? '')}`;
  return message.slice(0, 2 * MAX_OUTPUT_CHARACTERS).replace(ANSI, '').slice(0, MAX_OUTPUT_CHARACTERS);
}
