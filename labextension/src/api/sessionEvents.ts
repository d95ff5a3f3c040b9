// Events of the user's conversations, wherever they change: in a cell, in a terminal, in another tab of the browser.

import { Signal, type ISignal } from '@lumino/signaling';
import { type AgentClient, NetworkError, pathOf } from './client';
import type { ISessionChanged } from './events';

const MAX_PAUSE_MILLISECONDS = 8000;
const MAX_REFUSALS = 20;

export class SessionEvents {
  private _sessionChanged = new Signal<this, ISessionChanged>(this);
  private _connectionChanged = new Signal<this, boolean>(this);
  private _isSubscribed = false;
  private _abort: AbortController | null = null;

  constructor(private readonly _client: AgentClient) {
    document.addEventListener('visibilitychange', this._update);
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this._update);
    this.unsubscribe();
    Signal.clearData(this);
  }

  /** A conversation has changed. */
  get sessionChanged(): ISignal<this, ISessionChanged> {
    return this._sessionChanged;
  }

  /** Connected (true; what happened before has to be read), or not any more. */
  get connectionChanged(): ISignal<this, boolean> {
    return this._connectionChanged;
  }

  /** Receive events while the page is visible: a browser has only a few connections for all of its tabs. */
  subscribe(): void {
    this._isSubscribed = true;
    this._update();
  }

  unsubscribe(): void {
    this._isSubscribed = false;
    this._update();
  }

  private _update = (): void => {
    const isWanted = this._isSubscribed && !document.hidden;
    if (isWanted && !this._abort) {
      this._abort = new AbortController();
      void this._run(this._abort.signal);
    } else if (!isWanted && this._abort) {
      this._abort.abort();
      this._abort = null;
    }
  };

  private async _run(signal: AbortSignal): Promise<void> {
    for (let failures = 0, refusals = 0; !signal.aborted; ) {
      try {
        const onOpen = () => {
          failures = 0;
          this._connectionChanged.emit(true);
        };
        for await (const { event } of this._client.events(pathOf('events'), { signal, onOpen })) {
          if (event.event === 'session') {
            this._sessionChanged.emit(event);
          }
        }
      } catch (error) {
        // A server that is just starting has none of our paths yet; after many refusals we stop asking.
        refusals = error instanceof NetworkError ? 0 : refusals + 1;
        if (signal.aborted || refusals > MAX_REFUSALS) {
          return;
        }
      }
      if (!signal.aborted) {
        this._connectionChanged.emit(false);
        await new Promise(resolve => setTimeout(resolve, Math.min(500 * 2 ** failures++, MAX_PAUSE_MILLISECONDS)));
      }
    }
  }
}
