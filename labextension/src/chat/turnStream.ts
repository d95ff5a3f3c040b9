// One turn while it is answered: its events become the exchange; it is stopped, and its approvals are answered.

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Choices } from './choices';
import type { PageEdits } from '../notebook/pageEdits';
import { type AgentEvent, TERMINAL } from '../api/events';
import { after, ended, type IApproval, type IExchange, type IToolPart, withTool } from './exchange';
import type { Transcript } from './transcript';
import { type Decision, TurnLost, type Turns } from '../api/turns';
import { wordsFor } from './errorMessages';

/** A turn that does not end by itself when it was stopped is left alone. */
const STOP_MILLISECONDS = 4000;

/** What the conversation does with what is heard. */
export interface IHearer {
  /** The question is stored. */
  begun(sessionId: string, turnId: string): void;
  /** The connection is there again. */
  again(): void;
  /** The turn ended, and nobody knows how. */
  lost(): Promise<void>;
}

export class Listening {
  private _stopping: AbortController | null = null;

  constructor(
    private readonly _transcript: Transcript,
    private readonly _turns: Turns,
    private readonly _choices: Choices,
    private readonly _translation: TranslationBundle,
    private readonly _hearer: IHearer
  ) {}

  get isOn(): boolean {
    return this._stopping !== null;
  }

  /** Let a turn's events become its exchange, until its end; `edits`: what makes those that it asks of this page. */
  async to(
    id: string,
    events: (signal: AbortSignal) => AsyncGenerator<AgentEvent>,
    edits: PageEdits | null = null
  ): Promise<void> {
    const stopping = new AbortController();
    const { signal } = stopping;
    this._stopping = stopping;
    const end = (status: 'cancelled' | 'failed' | 'interrupted', problem = '') =>
      this._transcript.change(id, one => ended(one, status, problem));
    let isLost = false;
    try {
      for await (const event of events(signal)) {
        if (!signal.aborted || TERMINAL.has(event.event)) {
          this._hear(id, event, edits);
        }
      }
    } catch (error) {
      isLost = error instanceof TurnLost;
      if (isLost) {
        end('interrupted');
      } else {
        end(signal.aborted ? 'cancelled' : 'failed', signal.aborted ? '' : wordsFor(error, this._translation));
      }
    }
    if (this._stopping === stopping) {
      this._stopping = null;
      if (isLost) {
        await this._hearer.lost();
      }
    }
    this._transcript.draw();
  }

  /** Stop the answer; what was said is kept. */
  stop(): void {
    const stopping = this._stopping;
    const live = this._transcript.live;
    if (!stopping || !live) {
      return;
    }
    const abort = () => stopping.abort();
    if (live.status === 'asked' || live.isCutOff) {
      abort();
    } else {
      window.setTimeout(abort, STOP_MILLISECONDS);
    }
    this._turns.cancel(live.id).catch(abort);
  }

  /** Stop, and hear nothing more of it. */
  abandon(): void {
    this.stop();
    this._stopping?.abort();
    this._stopping = null;
  }

  /** Answer an approval; `always`: and those that follow for this tool, in this conversation. */
  async decide(exchange: IExchange, part: IToolPart, decision: Decision, always: boolean): Promise<void> {
    const { approval } = part;
    if (!approval || approval.answer) {
      return;
    }
    if (always) {
      this._choices.allow(part.tool);
    }
    const set = (change: Partial<IApproval>) => this._setApproval(exchange.id, part.callId, change);
    set({ answer: decision, problem: '' });
    try {
      await this._turns.decide(exchange.turnId, part.callId, decision, approval.digest);
    } catch (error) {
      set({ answer: null, problem: wordsFor(error, this._translation) });
    }
  }

  /** Code that waits for the user's word was written for a kernel that held more. */
  kernelRestarted(): void {
    const live = this._transcript.live;
    const problem = this._translation.__(
      'The kernel was restarted after the agent asked: the variables that this may rely on are gone.'
    );
    for (const part of live?.parts ?? []) {
      if (live && part.kind === 'tool' && part.effect === 'execute' && part.approval?.answer === null) {
        this._setApproval(live.id, part.callId, { problem });
      }
    }
  }

  private _setApproval(id: string, callId: string, change: Partial<IApproval>): void {
    this._transcript.change(id, one =>
      withTool(one, callId, call => ({ ...call, approval: call.approval && { ...call.approval, ...change } }))
    );
  }

  private _hear(id: string, event: AgentEvent, edits: PageEdits | null): void {
    const wasCutOff = this._transcript.live?.isCutOff ?? false;
    this._transcript.change(id, one => after(one, event));
    if (wasCutOff && event.event !== 'disconnected') {
      this._hearer.again();
    }
    if (event.event === 'turn') {
      this._hearer.begun(event.session_id, event.turn_id);
    } else if (event.event === 'edit') {
      void edits?.make(event, id);
    } else if (event.event === 'approval' && this._choices.allows(event.tool)) {
      this._approve(id, event.call_id);
    }
  }

  /** The user's word was given before. */
  private _approve(id: string, callId: string): void {
    const exchange = this._transcript.live;
    const part = exchange?.parts.find(one => one.kind === 'tool' && one.callId === callId);
    if (exchange?.id === id && part?.kind === 'tool') {
      void this.decide(exchange, part, 'approve', false);
    }
  }
}
