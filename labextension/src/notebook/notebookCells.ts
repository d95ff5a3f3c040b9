// The cells of the open notebook as nbformat data: read, written, and compared.

import type { NotebookPanel } from '@jupyterlab/notebook';
import { JSONExt, type PartialJSONValue } from '@lumino/coreutils';

/** A cell as a notebook file has it. */
export type CellJson = Record<string, any>;

/** MIME types of outputs that cannot run scripts. */
const HARMLESS = new Set(['text/plain', 'image/png', 'image/jpeg', 'image/gif']);

/** The cells of a notebook in its shared model. */
export class NotebookCells {
  constructor(private readonly _panel: NotebookPanel) {}

  /** Whether the notebook is read-only. */
  get isReadOnly(): boolean {
    const model = this._panel.content.model;
    return !model || model.readOnly;
  }

  private get _shared() {
    return this._panel.content.model!.sharedModel;
  }

  get length(): number {
    return this._shared.cells.length;
  }

  /** Position of a cell; -1 where there is none. */
  find(id: string): number {
    return this._shared.cells.findIndex(cell => cell.getId() === id);
  }

  source(index: number): string {
    return this._shared.cells[index].getSource();
  }

  toJSON(index: number): CellJson {
    return JSONExt.deepCopy(this._shared.cells[index].toJSON() as unknown as PartialJSONValue) as CellJson;
  }

  /** Id of the cell above a position; empty at the top. */
  above(index: number): string {
    return index > 0 ? this._shared.cells[index - 1].getId() : '';
  }

  /** The position below a cell; null where there is no such cell. */
  below(id: string): number | null {
    const index = id ? this.find(id) : -1;
    return id && index < 0 ? null : index + 1;
  }

  /** Whether the cell's metadata forbids this. */
  isLocked(index: number, flag: 'editable' | 'deletable'): boolean {
    return this._shared.cells[index].getMetadata(flag) === false;
  }

  insert(index: number, cell: CellJson): void {
    this._shared.insertCell(index, cell as any);
  }

  remove(index: number): void {
    this._shared.deleteCell(index);
  }

  /** Move a cell to a position that was counted before the move. */
  move(index: number, to: number): void {
    this._shared.moveCell(index, to > index ? to - 1 : to);
  }

  write(index: number, source: string, metadata: CellJson): void {
    const cell = this._shared.cells[index];
    // In a transaction of the cell, so that it is a step of the cell's own undo.
    cell.transact(() => {
      cell.setSource(source);
      // setMetadata keeps keys that the new metadata does not have.
      Object.keys(cell.getMetadata()).filter(key => !(key in metadata)).forEach(key => cell.deleteMetadata(key));
      cell.setMetadata(metadata);
    });
  }

  /** Replace a code cell's outputs; outputs that could run scripts make the cell untrusted. */
  setOutputs(index: number, outputs: CellJson[], count: number | null): void {
    const cell = this._shared.cells[index];
    if ('setOutputs' in cell) {
      if (outputs.some(output => Object.keys(output.data ?? {}).some(type => !HARMLESS.has(type)))) {
        this._panel.content.widgets[index].model.trusted = false;
      }
      cell.setOutputs(outputs as any);
      cell.execution_count = count;
    }
  }
}

/** Whether two cells are equal, however their texts are split into lines. */
export function areEqual(cell: CellJson, other: CellJson): boolean {
  return JSONExt.deepEqual(normalized(cell), normalized(other));
}

/** The metadata of a cell without `trusted`, which is no part of the file. */
export function metadataOf(cell: CellJson): CellJson {
  const { trusted, ...metadata } = cell.metadata ?? {};
  return metadata;
}

/** Text that may be stored as a list of lines, as one string. */
export function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : String(text ?? '');
}

function normalized(cell: CellJson): PartialJSONValue {
  return {
    type: cell.cell_type,
    source: joined(cell.source),
    metadata: metadataOf(cell),
    attachments: cell.attachments ?? {},
    outputs: (cell.outputs ?? []).map(normalizedOutput),
    count: cell.execution_count ?? null
  };
}

function normalizedOutput({ text, data, transient, ...rest }: CellJson): PartialJSONValue {
  const bundle = Object.entries(data ?? {}).map(([type, value]) => [type, Array.isArray(value) ? value.join('') : value]);
  return { ...rest, ...(text === undefined ? {} : { text: joined(text) }), data: Object.fromEntries(bundle) };
}
