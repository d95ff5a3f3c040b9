// Which cells are sent with a question: all of them, but of a very large notebook not more than a request may hold.

import type { ICell } from './notebookContext';

/** A cell as it is sent; `saved`: its source is left out, and is read from the file. */
export type PostedCell = ICell | { id: string; kind: ICell['kind']; saved: true };

/** The server takes 8 MiB, and so many cells; JSON and UTF-8 take up to six bytes for a character. */
const MOST_BYTES = 6 * 1024 * 1024;
const MOST_CELLS = 5000;

/** The cells nearest to the active one in full, as many as there is room for. */
export function posted(cells: readonly ICell[], activeId: string | null): PostedCell[] {
  const size = cells.reduce((sum, one) => sum + roughSize(one), 0);
  if (size <= MOST_BYTES / 6 && cells.length <= MOST_CELLS) {
    return [...cells];
  }
  const active = Math.max(0, cells.findIndex(one => one.id === activeId));
  const nearest = cells.map((_, index) => index).sort((a, b) => Math.abs(a - active) - Math.abs(b - active));
  const encoder = new TextEncoder();
  const sent = new Map<number, PostedCell>();
  let room = MOST_BYTES;
  for (const index of nearest.slice(0, MOST_CELLS)) {
    const { id, kind } = cells[index];
    const bytes = room > 0 ? encoder.encode(JSON.stringify(cells[index])).length : Infinity;
    sent.set(index, bytes <= room ? cells[index] : { id, kind, saved: true });
    room -= bytes <= room ? bytes : 0;
  }
  return Array.from(sent.keys())
    .sort((a, b) => a - b)
    .map(index => sent.get(index)!);
}

function roughSize(cell: ICell): number {
  return cell.source.length + cell.output.length + cell.error.length + 100;
}
