// The conversation about one notebook: which one it is, what is asked in it, and how it goes on.

import type { ISignal } from '@lumino/signaling';
import { UUID } from '@lumino/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Branches } from './branches';
import { Choices } from './choices';
import { NoExtension, Refusal, Unreachable } from './door';
import { type AgentEvent, type IEditAsked, TERMINAL } from './events';
import { after, asked, ended, type IExchange, type IToolPart, told, waitsForUser, withTool } from './exchange';
import { fromHistory } from './history';
import { notebookContext } from './notebook';
import type { AgentServer } from './server';
import type { ISession } from './sessions';
import { Transcript } from './transcript';
import { type Decision, TurnLost } from './turns';

/** Entries that are read at first, and by how much more each time. */
const FIRST_ENTRIES = 200;
const MORE = 5;
/** A turn that does not end by itself when it was stopped is left alone. */
const STOP_MILLISECONDS = 4000;

export class Conversation {
  /** Tells conversations apart in the page. */
  readonly key = UUID.uuid4();
  readonly transcript = new Transcript();
  readonly choices: Choices;
  /** What the user has typed and not sent. */
  draft = '';
  /** Does what `edit` events ask for; where there is none the server edits. */
  onEdit: ((event: IEditAsked, turnId: string) => void) | null = null;
  private _session: ISession | null = null;
  private _branches: Branches | null = null;
  private _entries = FIRST_ENTRIES;
  private _hasEarlier = false;
  private _phase: 'unread' | 'reading' | 'read' = 'unread';
  private _problem = '';
  private _notice = '';
  private _stopping: AbortController | null = null;

  constructor(
    readonly notebook: NotebookPanel | null,
    readonly server: AgentServer,
    private readonly _translation: TranslationBundle
  ) {
    this.choices = new Choices(notebook?.context.path ?? '');
  }

  /** Emitted when there is something new to draw. */
  get changed(): ISignal<Transcript, void> {
    return this.transcript.changed;
  }

  get exchanges(): readonly IExchange[] {
    return this.transcript.all;
  }

  get session(): ISession | null {
    return this._session;
  }

  get branches(): Branches | null {
    return this._branches;
  }

  /** Whether more was said than is shown. */
  get hasEarlier(): boolean {
    return this._hasEarlier;
  }

  get title(): string {
    return this.notebook?.title.label ?? '';
  }

  get isAnswering(): boolean {
    return this._stopping !== null;
  }

  get isLoading(): boolean {
    return this._phase === 'reading';
  }

  /** What went wrong outside of any exchange, in words. */
  get problem(): string {
    return this._problem;
  }

  /** What the user should know, in words. */
  get notice(): string {
    return this._notice;
  }

  get notebookId(): string {
    return this.notebook?.context.path ?? '';
  }

  /** Fetch what was said before; does nothing where that has been done. */
  async load(): Promise<void> {
    if (this._phase === 'unread') {
      this._phase = 'reading';
      await this._try(async () => {
        const [newest] = (await this.server.sessions.find(this.notebookId, '', null, 1)).sessions;
        // A question asked meanwhile has begun a conversation of its own.
        if (newest && this._phase === 'reading' && !this.transcript.last) {
          await this._show(newest);
        }
        this._phase = 'read';
      });
      this._phase = this._problem ? 'unread' : 'read';
      this.transcript.draw();
    }
  }

  /** Go on with another stored conversation. */
  async open(session: ISession): Promise<void> {
    this._leave();
    this._phase = 'read';
    await this._try(() => this._show(session));
  }

  /** Read the conversation again, as the server has it now. */
  async reload(notice = ''): Promise<void> {
    const session = this._session;
    if (!session || this.isAnswering) {
      return;
    }
    await this._try(async () => {
      const now = await this.server.sessions.get(session.session_id, session.notebook_id);
      await this._show(now);
      this._notice = notice;
    });
  }

  /** Show more of what was said before. */
  async showEarlier(): Promise<void> {
    this._entries *= MORE;
    await this.reload();
  }

  /** Ask a question; the answer arrives in the transcript. */
  async ask(question: string): Promise<void> {
    if (this.isAnswering || !question.trim()) {
      return;
    }
    const context = notebookContext(this.notebook, this._session?.session_id ?? null);
    const id = UUID.uuid4();
    const { model, approval } = this.choices;
    const body = { query: question, context, turn_id: id, ...(model ? { model } : {}), ...(approval ? { approval } : {}) };
    const edits = this.onEdit ? { edit: 'client' as const } : {};
    this.choices.remember(question);
    this.transcript.begin(asked(id, question, this._head()));
    await this._listen(id, signal => this.server.turns.ask({ ...body, ...edits }, signal));
  }

  /** Show a turn that was asked in another place, while it is answered. */
  async follow(turnId: string, question: string, session: ISession): Promise<void> {
    if (this.isAnswering || this.exchanges.some(one => one.turnId === turnId)) {
      return;
    }
    if (this._session?.session_id !== session.session_id) {
      await this.open(session);
    }
    this.transcript.begin(asked(turnId, question, this._head()));
    await this._listen(turnId, signal => this.server.turns.follow(turnId, signal));
  }

  /** Ask another question in the place of an earlier one, which stays on a branch of its own. */
  async askInstead(exchange: IExchange, question: string): Promise<void> {
    if (this.isAnswering || !question.trim()) {
      return;
    }
    const session = this._session;
    if (session && exchange.turnId && exchange.parent !== undefined) {
      await this._try(async () => {
        await this.server.sessions.go(session.session_id, session.notebook_id, exchange.parent ?? null);
        this.transcript.cut(exchange.id);
      });
      if (this._problem) {
        return;
      }
    } else {
      this.transcript.cut(exchange.id); // Nothing of it was stored.
    }
    await this.ask(question);
  }

  /** Go on from the end of another branch. */
  async goTo(turnId: string): Promise<void> {
    const session = this._session;
    if (session && this._branches && !this.isAnswering) {
      const end = this._branches.end(turnId);
      await this._try(async () => this._show(await this.server.sessions.go(session.session_id, session.notebook_id, end)));
    }
  }

  /** Stop the answer; what was said is kept. */
  stop(): void {
    const stopping = this._stopping;
    const live = this.transcript.live;
    if (!stopping || !live) {
      return;
    }
    const abort = () => stopping.abort();
    if (live.status === 'asked' || live.isCutOff) {
      abort();
    } else {
      window.setTimeout(abort, STOP_MILLISECONDS);
    }
    this.server.turns.cancel(live.id).catch(abort);
  }

  /** Answer an approval; `always`: and those that follow for this tool, in this conversation. */
  async decide(exchange: IExchange, part: IToolPart, decision: Decision, always = false): Promise<void> {
    const { approval } = part;
    if (!approval || approval.answer) {
      return;
    }
    if (always) {
      this.choices.allow(part.tool);
    }
    const set = (change: Partial<typeof approval>) =>
      this.transcript.change(exchange.id, one =>
        withTool(one, part.callId, call => ({ ...call, approval: call.approval && { ...call.approval, ...change } }))
      );
    set({ answer: decision, problem: '' });
    try {
      await this.server.turns.decide(exchange.turnId, part.callId, decision, approval.digest);
    } catch (error) {
      set({ answer: null, problem: this.words(error) });
    }
  }

  /** Begin a new conversation; the old one stays stored. */
  startNew(): void {
    this._leave();
    this._phase = 'read';
    this.transcript.draw();
  }

  /** Say something to the user that is no part of the conversation. */
  say(command: string, text: string): void {
    this.transcript.add(told(UUID.uuid4(), command, text));
  }

  /** Show a notice above the composer. */
  tell(notice: string): void {
    this._notice = notice;
    this.transcript.draw();
  }

  /** Do something with the server; what goes wrong is shown. Whether it went well. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    await this._try(work);
    return !this._problem;
  }

  /** An error for the user. */
  words(error: unknown): string {
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

  /** Show a stored conversation as it is now. */
  async show(session: ISession): Promise<void> {
    await this._try(() => this._show(session));
  }

  private _leave(): void {
    this.stop();
    this._stopping?.abort();
    this._session = null;
    this._branches = null;
    this._hasEarlier = false;
    this._entries = FIRST_ENTRIES;
    this._problem = this._notice = '';
    this.transcript.clear();
  }

  private async _show(session: ISession): Promise<void> {
    const { sessions } = this.server;
    const { session_id, notebook_id } = session;
    const [entries, tree] = await Promise.all([
      sessions.history(session_id, notebook_id, this._entries),
      sessions.tree(session_id, notebook_id)
    ]);
    this._session = session;
    this._branches = new Branches(tree);
    this._hasEarlier = entries.length >= this._entries && session.turn_count > entries.length;
    this._problem = '';
    this.transcript.replace(fromHistory(entries));
  }

  private _head(): string | null | undefined {
    const stored = this.transcript.settled.filter(one => !one.isLocal);
    const last = stored[stored.length - 1];
    return last ? last.turnId || last.parent : null;
  }

  private async _listen(id: string, events: (signal: AbortSignal) => AsyncGenerator<AgentEvent>): Promise<void> {
    const stopping = new AbortController();
    const { signal } = stopping;
    this._stopping = stopping;
    this._problem = this._notice = '';
    const change = (how: (exchange: IExchange) => IExchange) => this.transcript.change(id, how);
    try {
      for await (const event of events(signal)) {
        if (signal.aborted && !TERMINAL.has(event.event)) {
          continue;
        }
        this._hear(id, event);
      }
    } catch (error) {
      if (error instanceof TurnLost) {
        change(one => ended(one, 'interrupted'));
        this._stopping = null;
        await this.reload(this._translation.__('The server was restarted. This is what it kept of the conversation.'));
      } else {
        change(one => ended(one, signal.aborted ? 'cancelled' : 'failed', signal.aborted ? '' : this.words(error)));
      }
    } finally {
      if (this._stopping === stopping) {
        this._stopping = null;
      }
      this.transcript.draw();
    }
  }

  private _hear(id: string, event: AgentEvent): void {
    const before = this.transcript.live;
    this.transcript.change(id, one => after(one, event));
    if (event.event === 'turn') {
      this._begun(event.session_id, event.turn_id);
    } else if (event.event === 'edit') {
      this.onEdit?.(event, id);
    } else if (event.event === 'approval' && this.choices.allows(event.tool)) {
      this._approveStanding(id, event.call_id);
    } else if (before?.isCutOff) {
      this.tell(this._translation.__('Connected again.'));
    }
  }

  private _approveStanding(id: string, callId: string): void {
    const exchange = this.transcript.live;
    const part = exchange?.parts.find(one => one.kind === 'tool' && one.callId === callId) as IToolPart | undefined;
    if (exchange?.id === id && part?.approval) {
      void this.decide(exchange, part, 'approve');
    }
  }

  private _begun(sessionId: string, turnId: string): void {
    const live = this.transcript.live;
    if (!live) {
      return; // Left meanwhile: a late event must not bring the old conversation back.
    }
    const now = new Date().toISOString();
    this._session = {
      title: live.question.slice(0, 80),
      turn_count: 0,
      ...this._session,
      session_id: sessionId,
      notebook_id: this.notebookId,
      last_activity: now,
      head: turnId
    };
    const turn = { turn_id: turnId, parent: live.parent ?? null, question: live.question, status: '', model: live.model };
    this._branches = (this._branches ?? new Branches({ head: null, can_redo: false, turns: [] })).with({
      ...turn,
      created_at: now
    });
  }

  private async _try(work: () => Promise<unknown>): Promise<void> {
    this._problem = '';
    this.transcript.draw();
    try {
      await work();
    } catch (error) {
      this._problem = this.words(error);
    }
    this.transcript.draw();
  }
}

/** Whether the answer is being written, and not waiting for the user. */
export function isBusy(conversation: Conversation): boolean {
  const { live } = conversation.transcript;
  return conversation.isAnswering && !(live && waitsForUser(live));
}

/** Whether a refusal says that the thing is gone. */
export function isGone(error: unknown): boolean {
  return error instanceof Refusal && error.status === 404;
}
