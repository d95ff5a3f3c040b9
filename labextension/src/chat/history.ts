// A stored conversation's entries, as exchanges again.

import type { ActionStatus } from '../api/events';
import { asked, type IExchange, type Part, type Status } from './exchange';
import type { IEntry, IStep } from '../api/sessions';

const ENDINGS: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled', 'interrupted']);

/** Exchanges out of entries, oldest first; an answer whose question was cut off stands alone. */
export function fromHistory(entries: readonly IEntry[]): IExchange[] {
  const exchanges: IExchange[] = [];
  entries.forEach((entry, index) => {
    const id = entry.turn_id ?? `stored-${index}`;
    if (entry.role === 'user') {
      exchanges.push({ ...asked(id, entry.content, entry.parent), turnId: entry.turn_id ?? '', status: 'done' });
    } else if (entry.role === 'assistant') {
      const last = exchanges[exchanges.length - 1];
      const mine = last?.turnId === entry.turn_id && exchanges.pop();
      exchanges.push(answered(mine || asked(id, ''), entry));
    }
  });
  return exchanges;
}

function answered(exchange: IExchange, entry: IEntry): IExchange {
  const status = ENDINGS.has(entry.status ?? '') ? (entry.status as Status) : 'done';
  return {
    ...exchange,
    parts: partsOf(entry),
    status,
    turnId: entry.turn_id ?? '',
    model: entry.model ?? '',
    finishReason: entry.finish_reason ?? '',
    tokens: { input: entry.usage?.input_tokens ?? 0, output: entry.usage?.output_tokens ?? 0 }
  };
}

function partsOf(entry: IEntry): readonly Part[] {
  const steps = (entry.steps ?? []).map(partOf);
  const texts = steps.some(part => part.kind === 'text');
  return texts || !entry.content ? steps : [...steps, { kind: 'text', text: entry.content }];
}

function partOf(step: IStep): Part {
  if ('text' in step) {
    return { kind: 'text', text: step.text };
  }
  return {
    kind: 'tool',
    callId: step.call_id,
    tool: step.tool,
    effect: step.effect,
    arguments: step.arguments,
    status: step.status as ActionStatus,
    content: step.content,
    approval: null,
    since: 0
  };
}
