// The conversation about one notebook: what was said, what is being said, and what the user can do about it.

import { type ISignal, Signal } from '@lumino/signaling';
import { UUID } from '@lumino/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type AgentEvent, TERMINAL } from './events';
import { after, asked, ended, type IExchange, type IToolPart, isOpen, waitsForUser, withTool } from './exchange';
import { fromHistory } from './history';
import { notebookContext } from './notebook';
import { type AgentServer, type Decision, NoExtension, Refusal, Unreachable } from './server';

/** Events arrive faster than a page needs to be drawn. */
const DRAW_MILLISECONDS = 40;

export class Conversation {
  /** Tells conversations apart in the page. */
  readonly key = UUID.uuid4();
  /** What the user has typed and not sent. */
  draft = '';
  private _exchanges: readonly IExchange[] = [];
  private _sessionId: string | null = null;
  private _phase: 'unread' | 'reading' | 'read' = 'unread';
  private _problem = '';
  private _stopping: AbortController | null = null;
  private _drawing = 0;
  private _changed = new Signal<this, void>(this);

  constructor(
    readonly notebook: NotebookPanel | null,
    private readonly _server: AgentServer,
    private readonly _translation: TranslationBundle
  ) {}

  /** Emitted when there is something new to draw, at most every few milliseconds. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get exchanges(): readonly IExchange[] {
    return this._exchanges;
  }

  get title(): string {
    return this.notebook?.title.label ?? '';
  }

  get model(): string {
    return this._exchanges[this._exchanges.length - 1]?.model ?? '';
  }

  get isAnswering(): boolean {
    return this._stopping !== null;
  }

  /** Whether the answer is being written, and not waiting for the user. */
  get isBusy(): boolean {
    return this.isAnswering && !this._exchanges.some(waitsForUser);
  }

  get isLoading(): boolean {
    return this._phase === 'reading';
  }

  /** What went wrong outside of any exchange, in words. */
  get problem(): string {
    return this._problem;
  }

  /** Fetch what was said before; does nothing where that has been done. */
  async load(): Promise<void> {
    if (this._phase !== 'unread') {
      return;
    }
    this._phase = 'reading';
    this._problem = '';
    this._draw();
    try {
      await this._read();
      this._phase = 'read';
    } catch (error) {
      this._phase = 'unread';
      this._problem = this._words(error);
    }
    this._draw();
  }

  /** Ask a question; the answer arrives in `exchanges`. */
  async ask(question: string): Promise<void> {
    if (this.isAnswering || !question.trim()) {
      return;
    }
    const stopping = new AbortController();
    this._stopping = stopping;
    const id = UUID.uuid4();
    this._exchanges = [...this._exchanges, asked(id, question)];
    this._draw();
    try {
      await this._follow(id, question, stopping.signal);
    } catch (error) {
      const stopped = stopping.signal.aborted;
      this._change(id, one => ended(one, stopped ? 'cancelled' : 'failed', stopped ? '' : this._words(error)));
    } finally {
      this._stopping = null;
      this._draw();
    }
  }

  /** Stop the answer; what was said is kept. */
  stop(): void {
    this._stopping?.abort();
  }

  /** Ask the question of an exchange again, in its place if nothing came of it. */
  retry(exchange: IExchange): void {
    if (this.isAnswering) {
      return;
    }
    if (!exchange.turnId) {
      this._exchanges = this._exchanges.filter(one => one.id !== exchange.id);
    }
    void this.ask(exchange.question);
  }

  /** Answer an approval. */
  async decide(exchange: IExchange, part: IToolPart, decision: Decision): Promise<void> {
    const { approval } = part;
    if (!approval || approval.answer) {
      return;
    }
    const set = (change: Partial<typeof approval>) =>
      this._change(exchange.id, one =>
        withTool(one, part.callId, call => ({ ...call, approval: call.approval && { ...call.approval, ...change } }))
      );
    set({ answer: decision, problem: '' });
    try {
      await this._server.decide(exchange.turnId, part.callId, decision, approval.digest);
    } catch (error) {
      set({ answer: null, problem: this._words(error) });
    }
  }

  /** Begin a new conversation; the old one stays stored. */
  startNew(): void {
    this.stop();
    this._exchanges = [];
    this._sessionId = null;
    this._problem = '';
    this._phase = 'read';
    this._draw();
  }

  /** Remove the conversation for good and begin a new one. */
  async clear(): Promise<void> {
    const sessionId = this._sessionId;
    this.startNew();
    if (sessionId) {
      try {
        await this._server.clear(sessionId, this._notebookId);
      } catch (error) {
        if (!(error instanceof Refusal && error.status === 404)) {
          this._problem = this._words(error);
          this._draw();
        }
      }
    }
  }

  private get _notebookId(): string {
    return this.notebook?.context.path ?? '';
  }

  private async _read(): Promise<void> {
    const sessionId = await this._server.newest(this._notebookId);
    const entries = sessionId ? await this._server.history(sessionId, this._notebookId) : [];
    // A question asked meanwhile has begun a conversation of its own.
    if (this._exchanges.length === 0 && this._phase === 'reading') {
      this._sessionId = sessionId;
      this._exchanges = fromHistory(entries);
    }
  }

  private async _follow(id: string, question: string, signal: AbortSignal): Promise<void> {
    const context = notebookContext(this.notebook, this._sessionId);
    for await (const event of this._server.ask({ query: question, context }, signal)) {
      this._keepSession(event, signal);
      this._change(id, one => after(one, event));
      if (TERMINAL.has(event.event)) {
        return;
      }
    }
    throw new Unreachable();
  }

  private _keepSession(event: AgentEvent, signal: AbortSignal): void {
    // After `startNew` a late event must not bring the old conversation back.
    if (event.event === 'turn' && !signal.aborted) {
      this._sessionId = event.session_id;
    }
  }

  private _change(id: string, change: (exchange: IExchange) => IExchange): void {
    this._exchanges = this._exchanges.map(one => (one.id === id ? change(one) : one));
    this._draw();
  }

  private _draw(): void {
    if (this._drawing === 0) {
      this._drawing = window.setTimeout(() => {
        this._drawing = 0;
        this._changed.emit();
      }, DRAW_MILLISECONDS);
    }
  }

  private _words(error: unknown): string {
    if (error instanceof Unreachable) {
      return this._translation.__('The Jupyter server does not answer. Your question is kept; try again when it is back.');
    }
    if (error instanceof NoExtension) {
      return this._translation.__(
        'The server part of jupyter-agent is not running. See the server’s log, or “jupyter server extension list”.'
      );
    }
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether an exchange can be asked again. */
export function canRetry(exchange: IExchange): boolean {
  return !isOpen(exchange) && exchange.status !== 'done';
}
