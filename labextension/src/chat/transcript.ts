// The turns of one conversation: those that have ended, and the running one.

import { type ISignal, Signal } from '@lumino/signaling';
import { type ITurn, isRunning } from './turn';

/** Events arrive faster than the page needs to be rendered. */
const THROTTLE_MILLISECONDS = 40;

export class Transcript {
  private _ended: readonly ITurn[] = [];
  private _running: ITurn | null = null;
  private _timer = 0;
  private _changed = new Signal<this, void>(this);

  /** Emitted when there is something new to render, throttled. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Turns that have ended; the same list as long as none is added or changed. */
  get ended(): readonly ITurn[] {
    return this._ended;
  }

  /** The running turn. */
  get running(): ITurn | null {
    return this._running;
  }

  get all(): readonly ITurn[] {
    return this._running ? [...this._ended, this._running] : this._ended;
  }

  get last(): ITurn | undefined {
    return this._running ?? this._ended[this._ended.length - 1];
  }

  /** Replace all turns that have ended. */
  replace(turns: readonly ITurn[]): void {
    this._ended = turns;
    this.render();
  }

  /** Add a running turn. */
  start(turn: ITurn): void {
    this._end();
    this._running = turn;
    this.render();
  }

  /** Add a turn that has ended. */
  add(turn: ITurn): void {
    this._ended = [...this._ended, turn];
    this.render();
  }

  update(id: string, change: (turn: ITurn) => ITurn): void {
    if (this._running?.id === id) {
      this._running = change(this._running);
      if (!isRunning(this._running)) {
        this._end();
      }
    } else {
      this._ended = this._ended.map(turn => (turn.id === id ? change(turn) : turn));
    }
    this.render();
  }

  /** Remove a turn and all that follow it. */
  truncate(id: string): void {
    const index = this._ended.findIndex(turn => turn.id === id);
    this.replace(index < 0 ? this._ended : this._ended.slice(0, index));
  }

  /** Remove all turns; rendered at once. */
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
