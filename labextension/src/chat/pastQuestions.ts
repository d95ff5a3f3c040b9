// Questions that were asked before, for the arrow keys.

import type { Conversation } from './conversation';

/** Newest first, each once. */
export function pastQuestions(conversation: Conversation): readonly string[] {
  const shown = conversation.exchanges.map(one => one.question).filter(Boolean);
  return Array.from(new Set([...shown, ...conversation.choices.questions].reverse()));
}
