// The conversation about one notebook: which one it is, what is asked in it, and how it goes on.

import type { ISignal } from '@lumino/signaling';
import { UUID } from '@lumino/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Branches } from './branches';
import { PageEdits } from '../notebook/pageEdits';
import { Choices } from './choices';
import { asked, type IExchange, type IToolPart, told, waitsForUser } from './exchange';
import { fromHistory } from './history';
import { type IHearer, Listening } from './turnStream';
import { notebookContext, notebookPath } from '../notebook/notebookContext';
import type { AgentServer } from '../api/agentApi';
import type { ISession } from '../api/sessions';
import { Transcript } from './transcript';
import type { Decision } from '../api/turns';
import { isGone, wordsFor } from './errorMessages';

/** Entries that are read at first, and by how much more each time. */
const FIRST_ENTRIES = 200;
const MORE = 5;

export class Conversation implements IHearer {
  /** Tells conversations apart in the page. */
  readonly key = UUID.uuid4();
  readonly transcript = new Transcript();
  readonly choices: Choices;
  /** What the user has typed and not sent. */
  draft = '';
  private _session: ISession | null = null;
  private _branches: Branches | null = null;
  private _entries = FIRST_ENTRIES;
  private _hasEarlier = false;
  private _phase: 'unread' | 'reading' | 'read' = 'unread';
  private _problem = '';
  private _notice = '';
  private _listening: Listening;
  private _path: string;

  constructor(
    readonly notebook: NotebookPanel | null,
    readonly server: AgentServer,
    private readonly _translation: TranslationBundle
  ) {
    this._path = this.notebookId;
    this.choices = new Choices(this._path);
    this._listening = new Listening(this.transcript, server.turns, this.choices, _translation, this);
    notebook?.context.pathChanged.connect(() => this._moveTo(this.notebookId));
    notebook?.sessionContext.statusChanged.connect((_, status) => {
      if (status === 'restarting' || status === 'autorestarting') {
        this._listening.kernelRestarted();
      }
    });
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
    return this._listening.isOn;
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
    return notebookPath(this.notebook);
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
    const edits = this.notebook && new PageEdits(this.notebook, this.server.turns);
    this.choices.remember(question);
    this.transcript.begin(asked(id, question, this._head()));
    this._problem = this._notice = '';
    const way = edits ? { edit: 'client' as const } : {};
    await this._listening.to(id, signal => this.server.turns.ask({ ...body, ...way }, signal), edits);
  }

  /** See what became of the conversation elsewhere; a turn that is answered now is followed. */
  async refresh(): Promise<void> {
    const known = this._session;
    if (!known) {
      if (!this.transcript.last && this._phase === 'read') {
        this._phase = 'unread';
        await this.load();
      }
      return;
    }
    if (this.isAnswering) {
      return;
    }
    await this._try(async () => {
      const now = await this.server.sessions.get(known.session_id, known.notebook_id).catch(error => {
        if (isGone(error)) {
          return null; // Cleared elsewhere.
        }
        throw error;
      });
      if (this.isAnswering || this._session?.session_id !== known.session_id) {
        return;
      }
      if (!now) {
        this.startNew();
      } else if (now.head !== this._session.head) {
        await this._show(now);
      } else {
        this._session = now;
        this._follow(now);
      }
    });
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
    this._listening.stop();
  }

  /** Answer an approval; `always`: and those that follow for this tool, in this conversation. */
  async decide(exchange: IExchange, part: IToolPart, decision: Decision, always = false): Promise<void> {
    await this._listening.decide(exchange, part, decision, always);
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
    return wordsFor(error, this._translation);
  }

  /** Show a stored conversation as it is now. */
  async show(session: ISession): Promise<void> {
    await this._try(() => this._show(session));
  }

  /** The notebook has another name now; the server lets its conversations follow. */
  private _moveTo(path: string): void {
    if (this._session?.notebook_id === this._path) {
      this._session = { ...this._session, notebook_id: path };
    }
    this._path = path;
  }

  private _leave(): void {
    this._listening.abandon();
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
    this._follow(session);
  }

  /** Show the turn that is being answered, wherever it was asked. */
  private _follow({ running }: ISession): void {
    if (running && !this.isAnswering && !this.exchanges.some(one => one.turnId === running.turn_id)) {
      this.transcript.begin(asked(running.turn_id, running.question, this._head()));
      void this._listening.to(running.turn_id, signal => this.server.turns.follow(running.turn_id, signal));
    }
  }

  private _head(): string | null | undefined {
    const stored = this.transcript.settled.filter(one => !one.isLocal);
    const last = stored[stored.length - 1];
    return last ? last.turnId || last.parent : null;
  }

  begun(sessionId: string, turnId: string): void {
    const live = this.transcript.live;
    if (!live) {
      return; // Left meanwhile: a late event must not bring the old conversation back.
    }
    const now = new Date().toISOString();
    this._session = {
      title: live.question.slice(0, 80),
      turn_count: 0,
      notebook_id: this.notebookId,
      ...this._session,
      session_id: sessionId,
      last_activity: now,
      head: turnId
    };
    const turn = { turn_id: turnId, parent: live.parent ?? null, question: live.question, status: '', model: live.model };
    this._branches = (this._branches ?? new Branches({ head: null, can_redo: false, turns: [] })).with({
      ...turn,
      created_at: now
    });
  }

  again(): void {
    this.tell(this._translation.__('Connected again.'));
  }

  async lost(): Promise<void> {
    await this.reload(this._translation.__('The server was restarted. This is what it kept of the conversation.'));
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
