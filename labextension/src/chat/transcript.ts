// The exchanges of one conversation: those that have ended, and the running one.

import { type ISignal, Signal } from '@lumino/signaling';
import { type IExchange, isRunning } from './exchange';

/** Events arrive faster than the page needs to be rendered. */
const THROTTLE_MILLISECONDS = 40;

export class Transcript {
  private _ended: readonly IExchange[] = [];
  private _running: IExchange | null = null;
  private _timer = 0;
  private _changed = new Signal<this, void>(this);

  /** Emitted when there is something new to render, throttled. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Exchanges that have ended; the same list as long as none is added or changed. */
  get ended(): readonly IExchange[] {
    return this._ended;
  }

  /** The running exchange. */
  get running(): IExchange | null {
    return this._running;
  }

  get all(): readonly IExchange[] {
    return this._running ? [...this._ended, this._running] : this._ended;
  }

  get last(): IExchange | undefined {
    return this._running ?? this._ended[this._ended.length - 1];
  }

  /** Replace all exchanges that have ended. */
  replace(exchanges: readonly IExchange[]): void {
    this._ended = exchanges;
    this.render();
  }

  /** Add a running exchange. */
  start(exchange: IExchange): void {
    this._end();
    this._running = exchange;
    this.render();
  }

  /** Add an exchange that has ended. */
  add(exchange: IExchange): void {
    this._ended = [...this._ended, exchange];
    this.render();
  }

  update(id: string, change: (exchange: IExchange) => IExchange): void {
    if (this._running?.id === id) {
      this._running = change(this._running);
      if (!isRunning(this._running)) {
        this._end();
      }
    } else {
      this._ended = this._ended.map(exchange => (exchange.id === id ? change(exchange) : exchange));
    }
    this.render();
  }

  /** Remove an exchange and all that follow it. */
  truncate(id: string): void {
    const index = this._ended.findIndex(exchange => exchange.id === id);
    this.replace(index < 0 ? this._ended : this._ended.slice(0, index));
  }

  /** Remove all exchanges; rendered at once. */
  clear(): void {
    this._running = null;
    this._ended = [];
    this._changed.emit();
  }

  render(): void {
    if (this._timer === 0) {
      this._timer = window.setTimeout(() => {
        this._timer = 0;
        this._changed.emit();
      }, THROTTLE_MILLISECONDS);
    }
  }

  private _end(): void {
    if (this._running) {
      this._ended = [...this._ended, this._running];
      this._running = null;
    }
  }
}
