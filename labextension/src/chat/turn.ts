// One question with its answer: a value, folded over the turn's events.

import type { ActionStatus, StreamEvent, Effect, IApprovalRequested } from '../api/events';
import type { CallDisplay, Grounding, Reason, Suggestion, ToolCalled } from '../api/wire';
import type { IPicture } from './pictures';

export interface ITextPart {
  kind: 'text';
  text: string;
}

/** What the model thought before it answered: shown folded, no part of the answer. */
export interface IThinkingPart {
  kind: 'thinking';
  text: string;
}

export interface IToolPart {
  kind: 'tool';
  callId: string;
  tool: string;
  /** The tool's name for the user. */
  title: string;
  /** Name of the tool's icon; empty for a generic one. */
  icon: string;
  /** What its arguments are, and what it does to a cell; null where the tool does not say, and in stored conversations. */
  display: CallDisplay | null;
  effect: Effect;
  arguments: Record<string, unknown>;
  status: 'running' | ActionStatus;
  content: string;
  approval: IApproval | null;
  /** When the call began, on the page's clock; 0 for stored calls. */
  startedAt: number;
}

/** The user's approval of a call; `decision` is null while it is pending. */
export interface IApproval {
  digest: string;
  /** What would run or be written. */
  preview: string;
  /** Why it is asked about whatever the user has allowed. */
  reasons: readonly Reason[];
  /** All that it does, where that is more than the call's effect. */
  effects: readonly Effect[];
  /** Whether the user's yes can stand for the conversation. */
  mayStand: boolean;
  decision: 'approve' | 'deny' | null;
  problem: string;
  /** It is asked about at the cell, and not here as well. */
  isAtCell: boolean;
}

export type Part = ITextPart | IThinkingPart | IToolPart;
export type Status = 'sent' | 'answering' | 'done' | 'failed' | 'cancelled' | 'interrupted';

export interface ITurn {
  id: string;
  question: string;
  /** That went with the question. */
  pictures: readonly IPicture[];
  parts: readonly Part[];
  status: Status;
  turnId: string;
  /** Id of the turn before; null for a first one, undefined where it is not known. */
  parent: string | null | undefined;
  model: string;
  problem: string;
  warnings: readonly string[];
  /** What can be asked instead of a question that was not answered. */
  suggestions: readonly Suggestion[];
  finishReason: string;
  /** Where the answer's numbers and names come from; null before its end. */
  grounding: Grounding | null;
  tokens: ITokens;
  /** The connection is broken, and is being restored. */
  isDisconnected: boolean;
  /** Why there is no answer yet, as the server reports it; else empty. */
  waiting: string;
  /** Output of a command of the page: no turn of the conversation. */
  isLocal: boolean;
}

export interface ITokens {
  input: number;
  output: number;
  /** Of the input, what the model's server had from an earlier request. */
  cached: number;
}

/** The model that answers with no key and no network. */
export const OFFLINE = 'offline';

export const NO_TOKENS: ITokens = { input: 0, output: 0, cached: 0 };

export function toTokens(usage: { input_tokens: number; output_tokens: number; cached_tokens?: number }): ITokens {
  return { input: usage.input_tokens, output: usage.output_tokens, cached: usage.cached_tokens ?? 0 };
}

/** A question without an answer. */
export function newTurn(id: string, question: string, parent?: string | null): ITurn {
  return {
    id,
    question,
    pictures: [],
    parts: [],
    status: 'sent',
    turnId: '',
    parent,
    model: '',
    problem: '',
    warnings: [],
    suggestions: [],
    finishReason: '',
    grounding: null,
    tokens: NO_TOKENS,
    isDisconnected: false,
    waiting: '',
    isLocal: false
  };
}

/** The output of a command that the page itself runs. */
export function commandOutput(id: string, command: string, text: string): ITurn {
  return { ...newTurn(id, command), parts: [{ kind: 'text', text }], status: 'done', isLocal: true };
}

/** Whether the turn is still running. */
export function isRunning(turn: ITurn): boolean {
  return turn.status === 'sent' || turn.status === 'answering';
}

/** The calls that wait for the user's approval. */
export function pendingCalls(turn: ITurn): IToolPart[] {
  return turn.parts.filter(
    (part): part is IToolPart =>
      isRunning(turn) && part.kind === 'tool' && part.status === 'running' && part.approval?.decision === null
  );
}

/** The turn after one more event. */
export function reduce(turn: ITurn, event: StreamEvent): ITurn {
  if (event.event === 'disconnected') {
    return { ...turn, isDisconnected: true };
  }
  if (turn.isDisconnected || turn.waiting !== '') {
    turn = { ...turn, isDisconnected: false, waiting: '' };
  }
  switch (event.event) {
    case 'turn':
      // A stream that is resumed from its beginning sends everything again.
      return { ...turn, parts: [], status: 'answering', turnId: event.turn_id, model: event.model };
    case 'text':
      return { ...turn, parts: withText(turn.parts, event.text) };
    case 'thinking':
      return { ...turn, parts: withThinking(turn.parts, event.text, event.replaces_text ?? false) };
    case 'waiting':
      return { ...turn, waiting: event.text };
    case 'tool_call':
      return { ...turn, parts: withCall(turn.parts, event) };
    case 'approval':
      return { ...turn, parts: withApproval(turn.parts, event) };
    case 'progress':
      return withTool(turn, event.call_id, part => ({ ...part, content: event.content ?? '' }));
    case 'tool_result':
      return withTool(turn, event.call_id, part => ({
        ...part,
        status: event.status,
        content: event.content
      }));
    case 'usage':
      return { ...turn, tokens: toTokens(event) };
    case 'done':
      return {
        ...turn,
        parts: turn.parts.some(part => part.kind === 'text') ? turn.parts : withText(turn.parts, event.reply),
        status: 'done',
        model: event.model,
        warnings: event.warnings ?? [],
        suggestions: event.suggestions ?? [],
        finishReason: event.finish_reason,
        grounding: event.grounding ?? null,
        tokens: event.usage ? toTokens(event.usage) : turn.tokens
      };
    case 'error':
      return ended(turn, 'failed', event.message);
    case 'cancelled':
    case 'interrupted':
      return ended(turn, event.event);
    default:
      return turn;
  }
}

/** The turn at its end; calls that were running are interrupted. */
export function ended(turn: ITurn, status: Status, problem = ''): ITurn {
  const parts = turn.parts.map(part =>
    part.kind === 'tool' && part.status === 'running' ? { ...part, status: 'interrupted' as const } : part
  );
  return { ...turn, parts, status, problem, isDisconnected: false, waiting: '' };
}

/** The turn with one of its calls changed. */
export function withTool(turn: ITurn, callId: string, change: (part: IToolPart) => IToolPart): ITurn {
  const parts = turn.parts.map(part => (part.kind === 'tool' && part.callId === callId ? change(part) : part));
  return { ...turn, parts };
}

/** The answer's text, without tool calls. */
export function answerText(turn: ITurn, separator = ''): string {
  return turn.parts.map(part => (part.kind === 'text' ? part.text : '')).join(separator);
}

function withText(parts: readonly Part[], text: string): readonly Part[] {
  const last = parts[parts.length - 1];
  if (last?.kind === 'text') {
    return [...parts.slice(0, -1), { kind: 'text', text: last.text + text }];
  }
  const start = text.replace(/^\s+/, '');
  return start ? [...parts, { kind: 'text', text: start }] : parts;
}

function withThinking(parts: readonly Part[], text: string, replacesText: boolean): readonly Part[] {
  if (replacesText) {
    const since = parts.map(part => part.kind).lastIndexOf('tool') + 1;
    const thought = parts.slice(since).map(part => ('text' in part ? part.text : ''));
    return [...parts.slice(0, since), { kind: 'thinking', text: thought.join('') + text }];
  }
  const last = parts[parts.length - 1];
  return last?.kind === 'thinking'
    ? [...parts.slice(0, -1), { kind: 'thinking', text: last.text + text }]
    : [...parts, { kind: 'thinking', text }];
}

/** A call that has begun. */
export function toolPart(call: Omit<ToolCalled, 'effects' | 'display'> & { display?: CallDisplay | null }): IToolPart {
  return {
    kind: 'tool',
    callId: call.call_id,
    tool: call.tool,
    title: call.title || humanized(call.tool),
    icon: call.icon,
    display: call.display ?? null,
    effect: call.effect,
    arguments: call.arguments,
    status: 'running',
    content: '',
    approval: null,
    startedAt: performance.now()
  };
}

/** With a call that begins; one that is shown already was asked about together with others, and its arguments whole. */
function withCall(parts: readonly Part[], event: ToolCalled): readonly Part[] {
  const known = parts.some(part => part.kind === 'tool' && part.callId === event.call_id);
  return known
    ? parts.map(part =>
        part.kind === 'tool' && part.callId === event.call_id
          ? { ...toolPart(event), approval: part.approval, arguments: part.arguments }
          : part
      )
    : [...parts, toolPart(event)];
}

function withApproval(parts: readonly Part[], event: IApprovalRequested): readonly Part[] {
  const { digest, preview = '', reasons = [], effects = [], may_stand: mayStand = false } = event;
  const approval: IApproval = { digest, preview, reasons, effects, mayStand, decision: null, problem: '', isAtCell: false };
  const known = parts.some(part => part.kind === 'tool' && part.callId === event.call_id);
  const all = known ? parts : [...parts, toolPart(event)];
  // What is shown is what the approval is about, not what the call had before.
  return all.map(part =>
    part.kind === 'tool' && part.callId === event.call_id
      ? { ...toolPart(event), content: part.content, startedAt: part.startedAt, approval }
      : part
  );
}

/** The argument of a call that is text and has this role. */
export function argumentOf(part: IToolPart, role: 'cell_id' | 'below' | 'source'): string | undefined {
  const roles = part.display?.arguments ?? {};
  const name = Object.keys(roles).find(name => roles[name] === role && typeof part.arguments[name] === 'string');
  return name === undefined ? undefined : (part.arguments[name] as string);
}

/** Whether a question ended without a complete answer, so that it can be asked again. */
export function canRetry(turn: ITurn): boolean {
  return !isRunning(turn) && turn.status !== 'done';
}

/** A tool's name as words: run_code → Run code. */
function humanized(tool: string): string {
  const words = tool.replace(/_+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
