// One running turn: its events are reduced; stop, and decisions on approvals.

import type { TranslationBundle } from '@jupyterlab/translation';
import { type StreamEvent, TERMINAL } from '../api/events';
import { type IDecision, TurnLost, type TurnsApi } from '../api/turns';
import type { PageEdits } from '../notebook/edits';
import { errorMessage } from './errorMessages';
import { ended, type IApproval, type ITurn, type IToolPart, reduce, withTool } from './turn';
import type { Transcript } from './transcript';

/** A turn that has not ended so long after its cancellation is abandoned. */
const CANCEL_MILLISECONDS = 4000;

/** Is notified of what the conversation itself has to handle. */
export interface ITurnObserver {
  /** The question is stored. */
  onStarted(sessionId: string, turnId: string): void;
  /** The connection is restored. */
  onReconnected(): void;
  /** The turn ended, and its end was not received. */
  onLost(): Promise<void>;
}

export class TurnStream {
  private _abort: AbortController | null = null;

  constructor(
    private readonly _transcript: Transcript,
    private readonly _turns: TurnsApi,
    private readonly _translation: TranslationBundle,
    private readonly _observer: ITurnObserver
  ) {}

  get isActive(): boolean {
    return this._abort !== null;
  }

  /** Reduce a turn's events, until its end; `edits` makes the edits that it requests of this page. */
  async run(
    id: string,
    events: (signal: AbortSignal) => AsyncGenerator<StreamEvent>,
    edits: PageEdits | null = null
  ): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this._abort = controller;
    const end = (status: 'cancelled' | 'failed' | 'interrupted', problem = '') =>
      this._transcript.update(id, turn => ended(turn, status, problem));
    let isLost = false;
    try {
      for await (const event of events(signal)) {
        if (!signal.aborted || TERMINAL.has(event.event)) {
          this._onEvent(id, event, edits);
        }
      }
    } catch (error) {
      isLost = error instanceof TurnLost;
      if (isLost) {
        end('interrupted');
      } else {
        end(signal.aborted ? 'cancelled' : 'failed', signal.aborted ? '' : errorMessage(error, this._translation));
      }
    }
    if (this._abort === controller) {
      this._abort = null;
      if (isLost) {
        await this._observer.onLost();
      }
    }
    this._transcript.render();
  }

  /** Stop the answer; what there is of it is kept. */
  stop(): void {
    const controller = this._abort;
    const turn = this._transcript.running;
    if (!controller || !turn) {
      return;
    }
    const abort = () => controller.abort();
    if (turn.status === 'sent' || turn.isDisconnected) {
      abort();
    } else {
      window.setTimeout(abort, CANCEL_MILLISECONDS);
    }
    this._turns.cancel(turn.id).catch(abort);
  }

  /** Stop, and ignore further events. */
  abandon(): void {
    this.stop();
    this._abort?.abort();
    this._abort = null;
  }

  /** Decide an approval. */
  async decide(turn: ITurn, part: IToolPart, decision: IDecision): Promise<void> {
    const { approval } = part;
    if (!approval || approval.decision) {
      return;
    }
    const set = (change: Partial<IApproval>) => {
      const now = this._transcript.running?.parts.find(other => other.kind === 'tool' && other.callId === part.callId);
      // Where it is asked about anew meanwhile, this was the answer to something else.
      if (now?.kind === 'tool' && now.approval?.digest === approval.digest) {
        this.setApproval(turn.id, part.callId, change);
      }
    };
    set({ decision: decision.decision, problem: '' });
    try {
      await this._turns.decide(turn.turnId, part.callId, decision, approval.digest);
    } catch (error) {
      set({ decision: null, problem: errorMessage(error, this._translation) });
    }
  }

  /** Warn at pending approvals of code: it was written for variables that are deleted now. */
  onKernelRestarted(): void {
    const turn = this._transcript.running;
    const problem = this._translation.__(
      'The kernel was restarted after the agent asked: variables that this code may need do not exist any more.'
    );
    for (const part of turn?.parts ?? []) {
      if (turn && part.kind === 'tool' && part.effect === 'execute' && part.approval?.decision === null) {
        this.setApproval(turn.id, part.callId, { problem });
      }
    }
  }

  /** Change what is shown of a call's approval. */
  setApproval(id: string, callId: string, change: Partial<IApproval>): void {
    this._transcript.update(id, turn =>
      withTool(turn, callId, call => ({ ...call, approval: call.approval && { ...call.approval, ...change } }))
    );
  }

  private _onEvent(id: string, event: StreamEvent, edits: PageEdits | null): void {
    const wasDisconnected = this._transcript.running?.isDisconnected ?? false;
    this._transcript.update(id, turn => reduce(turn, event));
    if (wasDisconnected && event.event !== 'disconnected') {
      this._observer.onReconnected();
    }
    if (event.event === 'turn') {
      this._observer.onStarted(event.session_id, event.turn_id);
    } else if (event.event === 'edit') {
      void edits?.make(event, id);
    }
  }
}
