// One question with everything that came of it: a value, folded over the turn's events.

import type { ActionStatus, AgentEvent, Effect, IApprovalAsked } from '../api/events';

export interface ITextPart {
  kind: 'text';
  text: string;
}

export interface IToolPart {
  kind: 'tool';
  callId: string;
  tool: string;
  effect: Effect;
  arguments: Record<string, unknown>;
  status: 'running' | ActionStatus;
  content: string;
  approval: IApproval | null;
  /** When it began, on the page's clock; 0 for calls of the past. */
  since: number;
}

/** Asked of the user before a call is made; `answer` is null while it waits. */
export interface IApproval {
  digest: string;
  answer: 'approve' | 'deny' | null;
  /** Whether the user's word was given before, for the whole conversation. */
  standing: boolean;
  problem: string;
}

export type Part = ITextPart | IToolPart;
export type Status = 'asked' | 'answering' | 'done' | 'failed' | 'cancelled' | 'interrupted';

export interface IExchange {
  id: string;
  question: string;
  parts: readonly Part[];
  status: Status;
  turnId: string;
  /** Id of the turn before; null for a first one, undefined where it is not known. */
  parent: string | null | undefined;
  model: string;
  problem: string;
  warnings: readonly string[];
  finishReason: string;
  tokens: ITokens;
  /** The connection is broken, and is being made again. */
  isCutOff: boolean;
  /** Why no answer comes yet; empty where none is awaited, or nobody says. */
  waiting: string;
  /** Said by the page itself: no turn of the conversation. */
  isLocal: boolean;
}

export interface ITokens {
  input: number;
  output: number;
}

/** The model that answers with no key and no network. */
export const OFFLINE = 'offline';

const NO_TOKENS: ITokens = { input: 0, output: 0 };

/** A question that nobody has answered yet. */
export function asked(id: string, question: string, parent?: string | null): IExchange {
  return {
    id,
    question,
    parts: [],
    status: 'asked',
    turnId: '',
    parent,
    model: '',
    problem: '',
    warnings: [],
    finishReason: '',
    tokens: NO_TOKENS,
    isCutOff: false,
    waiting: '',
    isLocal: false
  };
}

/** What the page itself says to a command of the user. */
export function told(id: string, command: string, text: string): IExchange {
  return { ...asked(id, command), parts: [{ kind: 'text', text }], status: 'done', isLocal: true };
}

/** Whether the answer is still coming. */
export function isOpen(exchange: IExchange): boolean {
  return exchange.status === 'asked' || exchange.status === 'answering';
}

/** Whether the turn goes on only when the user has answered. */
export function waitsForUser(exchange: IExchange): boolean {
  return (
    isOpen(exchange) &&
    exchange.parts.some(part => part.kind === 'tool' && part.status === 'running' && part.approval?.answer === null)
  );
}

/** The exchange after one more event. */
export function after(exchange: IExchange, event: AgentEvent): IExchange {
  if (event.event === 'disconnected') {
    return { ...exchange, isCutOff: true };
  }
  const isNews = exchange.isCutOff || exchange.waiting !== '';
  return heard(isNews ? { ...exchange, isCutOff: false, waiting: '' } : exchange, event);
}

function heard(exchange: IExchange, event: AgentEvent): IExchange {
  switch (event.event) {
    case 'turn':
      // A stream that is taken up again and begins here tells all anew.
      return { ...exchange, parts: [], status: 'answering', turnId: event.turn_id, model: event.model };
    case 'text':
      return { ...exchange, parts: withText(exchange.parts, event.text) };
    case 'waiting':
      return { ...exchange, waiting: event.text };
    case 'tool_call':
      return { ...exchange, parts: [...exchange.parts, called(event)] };
    case 'approval':
      return { ...exchange, parts: withApproval(exchange.parts, event) };
    case 'tool_result':
      return withTool(exchange, event.call_id, part => ({
        ...part,
        status: event.status,
        content: event.content
      }));
    case 'usage':
      return { ...exchange, tokens: { input: event.input_tokens, output: event.output_tokens } };
    case 'done':
      return {
        ...exchange,
        parts: exchange.parts.some(part => part.kind === 'text') ? exchange.parts : withText(exchange.parts, event.reply),
        status: 'done',
        model: event.model,
        warnings: event.warnings ?? [],
        finishReason: event.finish_reason,
        tokens: event.usage ? { input: event.usage.input_tokens, output: event.usage.output_tokens } : exchange.tokens
      };
    case 'error':
      return ended(exchange, 'failed', event.message);
    case 'cancelled':
    case 'interrupted':
      return ended(exchange, event.event);
    default:
      return exchange;
  }
}

/** The exchange at its end; calls that were under way are known to be over. */
export function ended(exchange: IExchange, status: Status, problem = ''): IExchange {
  const parts = exchange.parts.map(part =>
    part.kind === 'tool' && part.status === 'running' ? { ...part, status: 'interrupted' as const } : part
  );
  return { ...exchange, parts, status, problem, isCutOff: false, waiting: '' };
}

/** The exchange with one of its calls changed. */
export function withTool(exchange: IExchange, callId: string, change: (part: IToolPart) => IToolPart): IExchange {
  const parts = exchange.parts.map(part => (part.kind === 'tool' && part.callId === callId ? change(part) : part));
  return { ...exchange, parts };
}

/** The answer's text without what tools did. */
export function answerText(exchange: IExchange): string {
  return exchange.parts.map(part => (part.kind === 'text' ? part.text : '')).join('');
}

function withText(parts: readonly Part[], text: string): readonly Part[] {
  const last = parts[parts.length - 1];
  if (last?.kind === 'text') {
    return [...parts.slice(0, -1), { kind: 'text', text: last.text + text }];
  }
  const begun = text.replace(/^\s+/, '');
  return begun ? [...parts, { kind: 'text', text: begun }] : parts;
}

function called(event: Pick<IToolPart, 'tool' | 'effect' | 'arguments'> & { call_id: string }): IToolPart {
  return {
    kind: 'tool',
    callId: event.call_id,
    tool: event.tool,
    effect: event.effect,
    arguments: event.arguments,
    status: 'running',
    content: '',
    approval: null,
    since: performance.now()
  };
}

function withApproval(parts: readonly Part[], event: IApprovalAsked): readonly Part[] {
  const approval: IApproval = { digest: event.digest, answer: null, standing: false, problem: '' };
  const known = parts.some(part => part.kind === 'tool' && part.callId === event.call_id);
  const all = known ? parts : [...parts, called(event)];
  // What is shown is what the approval speaks of, whatever the call said before.
  return all.map(part =>
    part.kind === 'tool' && part.callId === event.call_id
      ? { ...part, tool: event.tool, effect: event.effect, arguments: event.arguments, approval }
      : part
  );
}

/** Whether nothing came of a question, so that asking it again is the next thing to do. */
export function canRetry(exchange: IExchange): boolean {
  return !isOpen(exchange) && exchange.status !== 'done';
}
