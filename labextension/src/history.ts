// A stored conversation's entries, as exchanges again.

import { asked, type IExchange, type Status } from './exchange';
import type { IEntry } from './server';

const ENDINGS: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled', 'interrupted']);

/** Exchanges out of entries, oldest first; an answer whose question was cut off stands alone. */
export function fromHistory(entries: readonly IEntry[]): IExchange[] {
  const exchanges: IExchange[] = [];
  entries.forEach((entry, index) => {
    if (entry.role === 'user') {
      exchanges.push({ ...asked(`stored-${index}`, entry.content), status: 'done' });
    } else if (entry.role === 'assistant') {
      const last = exchanges.pop() ?? asked(`stored-${index}`, '');
      exchanges.push(answered(last, entry));
    }
  });
  return exchanges;
}

function answered(exchange: IExchange, entry: IEntry): IExchange {
  const status = ENDINGS.has(entry.status ?? '') ? (entry.status as Status) : 'done';
  return {
    ...exchange,
    parts: entry.content ? [...exchange.parts, { kind: 'text', text: entry.content }] : exchange.parts,
    status,
    turnId: entry.turn_id ?? '',
    model: entry.model ?? ''
  };
}
