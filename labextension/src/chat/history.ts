// Builds turns from the entries of a stored conversation.

import type { AnswerStep, HistoryEntry } from '../api/wire';
import { newTurn, NO_TOKENS, toolPart, toTokens, type ITurn, type Part, type Status } from './turn';

const FINAL_STATUSES: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled', 'interrupted']);

/** Turns out of entries, oldest first; an answer without its question is a turn of its own. */
export function fromHistory(entries: readonly HistoryEntry[]): ITurn[] {
  const turns: ITurn[] = [];
  entries.forEach((entry, index) => {
    const id = entry.turn_id ?? `stored-${index}`;
    if (entry.role === 'user') {
      const pictures = entry.pictures ?? [];
      turns.push({ ...newTurn(id, entry.content, entry.parent), pictures, turnId: entry.turn_id ?? '', status: 'done' });
    } else if (entry.role === 'assistant') {
      const last = turns[turns.length - 1];
      const question = last?.turnId === entry.turn_id && turns.pop();
      turns.push(withAnswer(question || newTurn(id, ''), entry));
    }
  });
  return turns;
}

function storedCall(step: Required<AnswerStep>): Part {
  return { ...toolPart(step), status: step.status, content: step.content, startedAt: 0 };
}

function withAnswer(turn: ITurn, entry: HistoryEntry): ITurn {
  const status = FINAL_STATUSES.has(entry.status ?? '') ? (entry.status as Status) : 'done';
  const parts: Part[] = (entry.steps ?? []).map(step =>
    step.text !== undefined ? { kind: 'text', text: step.text } : storedCall(step as Required<AnswerStep>)
  );
  const hasText = parts.some(part => part.kind === 'text');
  return {
    ...turn,
    parts: hasText || !entry.content ? parts : [...parts, { kind: 'text', text: entry.content }],
    status,
    turnId: entry.turn_id ?? '',
    model: entry.model ?? '',
    finishReason: entry.finish_reason ?? '',
    grounding: entry.grounding ?? null,
    tokens: entry.usage ? toTokens(entry.usage) : NO_TOKENS
  };
}
