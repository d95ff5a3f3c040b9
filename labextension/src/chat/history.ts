// Builds exchanges from the entries of a stored conversation.

import type { AnswerStep, HistoryEntry } from '../api/wire';
import { newExchange, NO_TOKENS, toolPart, toTokens, type IExchange, type Part, type Status } from './exchange';

const FINAL_STATUSES: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled', 'interrupted']);

/** Exchanges out of entries, oldest first; an answer without its question is an exchange of its own. */
export function fromHistory(entries: readonly HistoryEntry[]): IExchange[] {
  const exchanges: IExchange[] = [];
  entries.forEach((entry, index) => {
    const id = entry.turn_id ?? `stored-${index}`;
    if (entry.role === 'user') {
      const pictures = entry.pictures ?? [];
      exchanges.push({ ...newExchange(id, entry.content, entry.parent), pictures, turnId: entry.turn_id ?? '', status: 'done' });
    } else if (entry.role === 'assistant') {
      const last = exchanges[exchanges.length - 1];
      const question = last?.turnId === entry.turn_id && exchanges.pop();
      exchanges.push(withAnswer(question || newExchange(id, ''), entry));
    }
  });
  return exchanges;
}

function storedCall(step: Required<AnswerStep>): Part {
  return { ...toolPart(step), status: step.status, content: step.content, startedAt: 0 };
}

function withAnswer(exchange: IExchange, entry: HistoryEntry): IExchange {
  const status = FINAL_STATUSES.has(entry.status ?? '') ? (entry.status as Status) : 'done';
  const parts: Part[] = (entry.steps ?? []).map(step =>
    step.text !== undefined ? { kind: 'text', text: step.text } : storedCall(step as Required<AnswerStep>)
  );
  const hasText = parts.some(part => part.kind === 'text');
  return {
    ...exchange,
    parts: hasText || !entry.content ? parts : [...parts, { kind: 'text', text: entry.content }],
    status,
    turnId: entry.turn_id ?? '',
    model: entry.model ?? '',
    finishReason: entry.finish_reason ?? '',
    grounding: entry.grounding ?? null,
    tokens: entry.usage ? toTokens(entry.usage) : NO_TOKENS
  };
}
