// What was said in one conversation: exchanges that are over, and the one that goes on.

import { type ISignal, Signal } from '@lumino/signaling';
import { type IExchange, isOpen } from './exchange';

/** Events arrive faster than a page needs to be drawn. */
const DRAW_MILLISECONDS = 40;

export class Transcript {
  private _settled: readonly IExchange[] = [];
  private _live: IExchange | null = null;
  private _drawing = 0;
  private _changed = new Signal<this, void>(this);

  /** Emitted when there is something new to draw, at most every few milliseconds. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Exchanges that are over; the same list as long as none is added or changed. */
  get settled(): readonly IExchange[] {
    return this._settled;
  }

  /** The exchange that goes on. */
  get live(): IExchange | null {
    return this._live;
  }

  get all(): readonly IExchange[] {
    return this._live ? [...this._settled, this._live] : this._settled;
  }

  get last(): IExchange | undefined {
    return this._live ?? this._settled[this._settled.length - 1];
  }

  /** Put other exchanges in the place of all that are over. */
  replace(exchanges: readonly IExchange[]): void {
    this._settled = exchanges;
    this.draw();
  }

  /** Begin another exchange, which goes on. */
  begin(exchange: IExchange): void {
    this._settle();
    this._live = exchange;
    this.draw();
  }

  /** Add one that is over already. */
  add(exchange: IExchange): void {
    this._settled = [...this._settled, exchange];
    this.draw();
  }

  change(id: string, change: (exchange: IExchange) => IExchange): void {
    if (this._live?.id === id) {
      this._live = change(this._live);
      if (!isOpen(this._live)) {
        this._settle();
      }
    } else {
      this._settled = this._settled.map(one => (one.id === id ? change(one) : one));
    }
    this.draw();
  }

  /** Drop an exchange, and all that came after it. */
  cut(id: string): void {
    const at = this._settled.findIndex(one => one.id === id);
    this.replace(at < 0 ? this._settled : this._settled.slice(0, at));
  }

  /** Nothing was said; that is seen at once. */
  clear(): void {
    this._live = null;
    this._settled = [];
    this._changed.emit();
  }

  draw(): void {
    if (this._drawing === 0) {
      this._drawing = window.setTimeout(() => {
        this._drawing = 0;
        this._changed.emit();
      }, DRAW_MILLISECONDS);
    }
  }

  private _settle(): void {
    if (this._live) {
      this._settled = [...this._settled, this._live];
      this._live = null;
    }
  }
}
