// Cells as nbformat data: what an edit changed, before and after, and whether a cell is still what it was.

import type { NotebookPanel } from '@jupyterlab/notebook';
import { JSONExt, type PartialJSONValue } from '@lumino/coreutils';

/** A cell as a notebook file has it. */
export type Node = Record<string, any>;

/** What an edit did to a cell; swapping before and after is the way back. */
export interface IChange {
  cell_id: string;
  before: Node | null;
  after: Node | null;
  /** Id of the cell it stood below; empty for the top, null where there was no cell. */
  below_before: string | null;
  below_after: string | null;
}

/** The cells of a notebook, as the page shares them. */
export class Cells {
  constructor(private readonly _panel: NotebookPanel) {}

  /** Whether nothing here may be changed. */
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
    return this._shared.cells.findIndex(one => one.getId() === id);
  }

  source(index: number): string {
    return this._shared.cells[index].getSource();
  }

  node(index: number): Node {
    return JSONExt.deepCopy(this._shared.cells[index].toJSON() as unknown as PartialJSONValue) as Node;
  }

  /** Id of the cell above a position; empty at the top. */
  above(index: number): string {
    return index > 0 ? this._shared.cells[index - 1].getId() : '';
  }

  /** Where a cell that is to stand below another goes; null where that one is gone. */
  below(id: string): number | null {
    const index = id ? this.find(id) : -1;
    return id && index < 0 ? null : index + 1;
  }

  /** Whether the user has locked a cell against this. */
  isLocked(index: number, way: 'editable' | 'deletable'): boolean {
    return this._shared.cells[index].getMetadata(way) === false;
  }

  insert(index: number, node: Node): void {
    this._shared.insertCell(index, node as any);
  }

  remove(index: number): void {
    this._shared.deleteCell(index);
  }

  /** Have a cell stand below another. */
  move(index: number, below: number): void {
    this._shared.moveCell(index, below > index ? below - 1 : below);
  }

  write(index: number, source: string, metadata: Node): void {
    const cell = this._shared.cells[index];
    // By the cell, so that it is a step of its own undo.
    cell.transact(() => {
      cell.setSource(source);
      cell.setMetadata(metadata);
    });
  }

  /** Give a code cell other outputs; what could run something is not believed. */
  show(index: number, outputs: Node[], count: number | null): void {
    const cell = this._shared.cells[index];
    if ('setOutputs' in cell) {
      if (outputs.some(mayRun)) {
        this._panel.content.widgets[index].model.trusted = false;
      }
      cell.setOutputs(outputs as any);
      cell.execution_count = count;
    }
  }
}

const HARMLESS = new Set(['text/plain', 'image/png', 'image/jpeg', 'image/gif']);

function mayRun(output: Node): boolean {
  return Object.keys(output.data ?? {}).some(type => !HARMLESS.has(type));
}

/** Whether two cells are equal, however their texts are cut into lines. */
export function same(one: Node, other: Node): boolean {
  return JSONExt.deepEqual(normal(one), normal(other));
}

/** The metadata of a cell without what belongs to the page alone. */
export function metadataOf(node: Node): Node {
  const { trusted, ...metadata } = node.metadata ?? {};
  return metadata;
}

/** Text that may be kept in lines, in one piece. */
export function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : String(text ?? '');
}

function normal(node: Node): PartialJSONValue {
  return {
    type: node.cell_type,
    source: joined(node.source),
    metadata: metadataOf(node),
    attachments: node.attachments ?? {},
    outputs: (node.outputs ?? []).map(output),
    count: node.execution_count ?? null
  };
}

function output({ text, data, transient, ...rest }: Node): PartialJSONValue {
  const whole = Object.entries(data ?? {}).map(([type, value]) => [type, Array.isArray(value) ? value.join('') : value]);
  return { ...rest, ...(text === undefined ? {} : { text: joined(text) }), data: Object.fromEntries(whole) };
}
