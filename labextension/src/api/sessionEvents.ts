// What happens to the user's conversations elsewhere: in a cell, in a terminal, in another tab of the browser.

import { Signal, type ISignal } from '@lumino/signaling';
import { type Door, pathOf, Unreachable } from './client';
import type { ISessionChanged } from './events';

const LONGEST_PAUSE_MILLISECONDS = 8000;
const MOST_REFUSALS = 20;

export class Feed {
  private _heard = new Signal<this, ISessionChanged>(this);
  private _connection = new Signal<this, boolean>(this);
  private _wanted = false;
  private _stopping: AbortController | null = null;

  constructor(private readonly _door: Door) {
    document.addEventListener('visibilitychange', this._adjust);
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this._adjust);
    this.listen(false);
    Signal.clearData(this);
  }

  /** Something happened to a conversation. */
  get heard(): ISignal<this, ISessionChanged> {
    return this._heard;
  }

  /** The server is heard (true; what happened before has to be looked up), or not any more. */
  get connection(): ISignal<this, boolean> {
    return this._connection;
  }

  /** Listen, as long as somebody looks: a browser has only a few connections for all of its tabs. */
  listen(wanted: boolean): void {
    this._wanted = wanted;
    this._adjust();
  }

  private _adjust = (): void => {
    const wanted = this._wanted && !document.hidden;
    if (wanted && !this._stopping) {
      this._stopping = new AbortController();
      void this._run(this._stopping.signal);
    } else if (!wanted && this._stopping) {
      this._stopping.abort();
      this._stopping = null;
    }
  };

  private async _run(signal: AbortSignal): Promise<void> {
    for (let failures = 0, refusals = 0; !signal.aborted; ) {
      try {
        const opened = () => {
          failures = 0;
          this._connection.emit(true);
        };
        for await (const { event } of this._door.events(pathOf('events'), { signal, opened })) {
          if (event.event === 'session') {
            this._heard.emit(event);
          }
        }
      } catch (error) {
        // A server that is just starting knows none of our paths yet; one that never does is left alone.
        refusals = error instanceof Unreachable ? 0 : refusals + 1;
        if (signal.aborted || refusals > MOST_REFUSALS) {
          return;
        }
      }
      if (!signal.aborted) {
        this._connection.emit(false);
        await new Promise(resolve => setTimeout(resolve, Math.min(500 * 2 ** failures++, LONGEST_PAUSE_MILLISECONDS)));
      }
    }
  }
}
