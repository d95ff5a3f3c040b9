// Turns on the server: ask, stream through broken connections, decide approvals, cancel.

import { type AgentClient, isNotFound, NetworkError, pathOf, ResponseError } from './client';
import type { INotebookContext } from './context';
import { type StreamEvent, TERMINAL } from './events';
import type { CallAnswer, QuickRequest } from './wire';

/** How long to try to reconnect once an answer has begun. */
const RECONNECT_MILLISECONDS = 120_000;
const MAX_PAUSE_MILLISECONDS = 4000;

export interface IQuestion extends QuickRequest {
  context: INotebookContext;
  /** Chosen here, so that the turn can be found again whatever happens to the connection. */
  turn_id: string;
}

/** The user's decision on an approval: for this call alone, or also for the conversation; a denial may say why. */
export interface IDecision extends Pick<CallAnswer, 'scope' | 'words'> {
  decision: 'approve' | 'deny';
}

/** The turn is not running any more, and its end was not received. */
export class TurnLost extends Error {}

export class TurnsApi {
  constructor(private readonly _client: AgentClient) {}

  /**
   * Ask a question and yield its events; where the connection breaks, `disconnected`, then all that were missed.
   *
   * @throws ResponseError, NetworkError, TurnLost; an AbortError when the signal is aborted.
   */
  ask(question: IQuestion, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    return this._stream(question.turn_id, () => this._start(question, signal), signal);
  }

  /** Follow a turn that was asked elsewhere, from its beginning. */
  follow(turnId: string, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    return this._stream(turnId, () => this._resume(turnId, '', signal), signal);
  }

  /** Cancel a turn; the answer so far is kept. */
  async cancel(turnId: string): Promise<void> {
    await this._client.send('POST', pathOf('turns', turnId, 'cancel'));
  }

  /** Decide an approval; the digest identifies exactly what was approved. */
  async decide(turnId: string, callId: string, decision: IDecision, digest: string): Promise<void> {
    await this._client.send('POST', pathOf('turns', turnId, 'actions', callId), { ...decision, digest });
  }

  /** Report the result of an edit that the page made. */
  async reportEdit(turnId: string, callId: string, result: unknown): Promise<void> {
    await this._client.send('POST', pathOf('turns', turnId, 'actions', callId), { decision: 'approve', result });
  }

  /** A kernel that the server does not have any more is left out: the notebook may have another one by now, or none. */
  private async *_start(question: IQuestion, signal: AbortSignal): ReturnType<AgentClient['events']> {
    try {
      yield* this._client.events(pathOf('quick'), { body: { ...question, stream: true }, signal });
    } catch (error) {
      if (!isNotFound(error) || !question.context.kernel_id) {
        throw error;
      }
      yield* this._start({ ...question, context: { ...question.context, kernel_id: null } }, signal);
    }
  }

  private _resume(turnId: string, last: string, signal: AbortSignal) {
    return this._client.events(pathOf('turns', turnId, 'events'), { after: last, signal });
  }

  private async *_stream(
    turnId: string,
    first: () => ReturnType<AgentClient['events']>,
    signal: AbortSignal
  ): AsyncGenerator<StreamEvent> {
    let source = first;
    let last = '';
    let brokenAt = 0;
    for (let attempt = 0; ; attempt++) {
      try {
        for await (const { id, event } of source()) {
          attempt = brokenAt = 0;
          last = id || last;
          yield event;
          if (TERMINAL.has(event.event)) {
            return;
          }
        }
        throw new NetworkError('The connection ended.');
      } catch (error) {
        const reason = finalError(error, last !== '', attempt);
        brokenAt ||= performance.now();
        if (reason || signal.aborted || performance.now() - brokenAt > RECONNECT_MILLISECONDS) {
          throw reason ?? error;
        }
        if (last) {
          yield { event: 'disconnected' };
        }
        await pause(Math.min(250 * 2 ** attempt, MAX_PAUSE_MILLISECONDS), signal);
        source = () => this._resume(turnId, last, signal);
      }
    }
  }
}

/** The error with which a stream ends; null while another attempt is worthwhile. */
function finalError(error: unknown, begun: boolean, attempt: number): unknown {
  if (error instanceof NetworkError) {
    return begun || attempt === 0 ? null : error;
  }
  if (error instanceof ResponseError && error.status === 404 && attempt > 0) {
    return begun ? new TurnLost() : new NetworkError('The question did not arrive.');
  }
  return error;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = window.setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
