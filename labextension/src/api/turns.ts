// Turns on the server: ask, follow through broken connections, answer what waits, stop.

import { type Door, pathOf, Refusal, Unreachable } from './client';
import { type AgentEvent, TERMINAL } from './events';
import type { INotebookContext } from '../notebook/notebookContext';
import { isGone } from '../chat/errorMessages';

/** For so long the server is waited for once an answer has begun. */
const PATIENCE_MILLISECONDS = 120_000;
const LONGEST_PAUSE_MILLISECONDS = 4000;

export interface IQuestion {
  query: string;
  context: INotebookContext;
  /** Chosen here, so that the turn can be found again whatever became of the connection. */
  turn_id: string;
  model?: string;
  approval?: string;
  /** The page edits its notebook itself, asked by `edit` events. */
  edit?: 'client';
}

export type Decision = 'approve' | 'deny';

/** The turn is not running any more, and how it ended was not heard. */
export class TurnLost extends Error {}

export class Turns {
  constructor(private readonly _door: Door) {}

  /**
   * Ask, and yield what happens; where the connection breaks, `disconnected`, then all that was missed.
   *
   * @throws Refusal, Unreachable, TurnLost; an AbortError when the signal says so.
   */
  ask(question: IQuestion, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    return this._resumed(question.turn_id, () => this._first(question, signal), signal);
  }

  /** Follow a turn that somebody asks elsewhere, from its beginning. */
  follow(turnId: string, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    return this._resumed(turnId, () => this._after(turnId, '', signal), signal);
  }

  /** Stop a turn; what was said is kept. */
  async cancel(turnId: string): Promise<void> {
    await this._door.send('POST', pathOf('turns', turnId, 'cancel'));
  }

  /** Answer an approval; the digest says what exactly was approved. */
  async decide(turnId: string, callId: string, decision: Decision, digest: string): Promise<void> {
    await this._door.send('POST', pathOf('turns', turnId, 'actions', callId), { decision, digest });
  }

  /** Tell what the page did for a call. */
  async did(turnId: string, callId: string, result: unknown): Promise<void> {
    await this._door.send('POST', pathOf('turns', turnId, 'actions', callId), { decision: 'approve', result });
  }

  /** A kernel that the server does not have any more is left out: the notebook may have another one by now, or none. */
  private async *_first(question: IQuestion, signal: AbortSignal): ReturnType<Door['events']> {
    try {
      yield* this._door.events(pathOf('quick'), { body: { ...question, stream: true }, signal });
    } catch (error) {
      if (!isGone(error) || !question.context.kernel_id) {
        throw error;
      }
      yield* this._first({ ...question, context: { ...question.context, kernel_id: null } }, signal);
    }
  }

  private _after(turnId: string, last: string, signal: AbortSignal) {
    return this._door.events(pathOf('turns', turnId, 'events'), { after: last, signal });
  }

  private async *_resumed(
    turnId: string,
    first: () => ReturnType<Door['events']>,
    signal: AbortSignal
  ): AsyncGenerator<AgentEvent> {
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
        throw new Unreachable('The connection ended.');
      } catch (error) {
        const reason = lost(error, last !== '', attempt);
        brokenAt ||= performance.now();
        if (reason || signal.aborted || performance.now() - brokenAt > PATIENCE_MILLISECONDS) {
          throw reason ?? error;
        }
        if (last) {
          yield { event: 'disconnected' };
        }
        await pause(Math.min(250 * 2 ** attempt, LONGEST_PAUSE_MILLISECONDS), signal);
        source = () => this._after(turnId, last, signal);
      }
    }
  }
}

/** Why there is nothing to be followed any more; null while it is worth another attempt. */
function lost(error: unknown, begun: boolean, attempt: number): unknown {
  if (error instanceof Unreachable) {
    return begun || attempt === 0 ? null : error;
  }
  if (error instanceof Refusal && error.status === 404 && attempt > 0) {
    return begun ? new TurnLost() : new Unreachable('The question did not arrive.');
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
