// The exchanges of one conversation: those that have ended, and the running one.

import { type ISignal, Signal } from '@lumino/signaling';
import { type IExchange, isOpen } from './exchange';

/** Events arrive faster than the page needs to be rendered. */
const THROTTLE_MILLISECONDS = 40;

export class Transcript {
  private _settled: readonly IExchange[] = [];
  private _live: IExchange | null = null;
  private _timer = 0;
  private _changed = new Signal<this, void>(this);

  /** Emitted when there is something new to render, throttled. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Exchanges that have ended; the same list as long as none is added or changed. */
  get settled(): readonly IExchange[] {
    return this._settled;
  }

  /** The running exchange. */
  get live(): IExchange | null {
    return this._live;
  }

  get all(): readonly IExchange[] {
    return this._live ? [...this._settled, this._live] : this._settled;
  }

  get last(): IExchange | undefined {
    return this._live ?? this._settled[this._settled.length - 1];
  }

  /** Replace all exchanges that have ended. */
  replace(exchanges: readonly IExchange[]): void {
    this._settled = exchanges;
    this.render();
  }

  /** Add a running exchange. */
  start(exchange: IExchange): void {
    this._settle();
    this._live = exchange;
    this.render();
  }

  /** Add an exchange that has ended. */
  add(exchange: IExchange): void {
    this._settled = [...this._settled, exchange];
    this.render();
  }

  update(id: string, change: (exchange: IExchange) => IExchange): void {
    if (this._live?.id === id) {
      this._live = change(this._live);
      if (!isOpen(this._live)) {
        this._settle();
      }
    } else {
      this._settled = this._settled.map(exchange => (exchange.id === id ? change(exchange) : exchange));
    }
    this.render();
  }

  /** Remove an exchange and all that follow it. */
  truncate(id: string): void {
    const index = this._settled.findIndex(exchange => exchange.id === id);
    this.replace(index < 0 ? this._settled : this._settled.slice(0, index));
  }

  /** Remove all exchanges; rendered at once. */
  clear(): void {
    this._live = null;
    this._settled = [];
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

  private _settle(): void {
    if (this._live) {
      this._settled = [...this._settled, this._live];
      this._live = null;
    }
  }
}
