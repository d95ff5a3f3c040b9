// The conversation about one notebook: its stored session, its transcript, its branches, and the questions asked in it.

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import type { AgentApi } from '../api/agentApi';
import { isNotFound } from '../api/client';
import type { AllowedEffect } from '../api/permissions';
import type { IDecision } from '../api/turns';
import type { SessionReply } from '../api/wire';
import { PageEdits } from '../notebook/edits';
import { notebookPath, questionContext } from '../notebook/notebookContext';
import { Branches, type TreeTurn } from './branches';
import { Choices } from './choices';
import { errorMessage } from './errorMessages';
import { commandOutput, type IApproval, type ITurn, type IToolPart, newTurn } from './turn';
import { fromHistory } from './history';
import { type IPicture, MAX_PICTURES, posted, withSmallPictures } from './pictures';
import { Transcript } from './transcript';
import { type ITurnObserver, TurnStream } from './turnStream';

/** Entries that are loaded at first, and the factor by which each "show earlier" increases them. */
const FIRST_ENTRIES = 200;
const MORE_FACTOR = 5;

export class Conversation implements ITurnObserver {
  /** Unique in the page. */
  readonly key = UUID.uuid4();
  readonly transcript = new Transcript();
  readonly choices: Choices;
  /** What the user has typed and not sent. */
  draft = '';
  /** The pictures that will go with it. */
  draftPictures: readonly IPicture[] = [];
  /** The id of the conversation that was deleted here last. */
  deletedId = '';
  private _session: SessionReply | null = null;
  private _permissions: readonly AllowedEffect[] = [];
  private _revealRequested = new Signal<this, string>(this);
  private _branches: Branches | null = null;
  private _entryLimit = FIRST_ENTRIES;
  private _hasEarlier = false;
  private _loadState: 'initial' | 'loading' | 'loaded' = 'initial';
  /** When the user started a new conversation that has no question yet: older ones do not take its place. */
  private _newSince = '';
  private _problem = '';
  private _notice = '';
  private _stream: TurnStream;
  private _path: string;

  constructor(
    readonly notebook: NotebookPanel | null,
    readonly api: AgentApi,
    private readonly _translation: TranslationBundle
  ) {
    this._path = this.notebookId;
    this.choices = new Choices(this._path);
    this._stream = new TurnStream(this.transcript, api.turns, _translation, this);
    notebook?.context.pathChanged.connect(() => this._onRenamed(this.notebookId));
    notebook?.sessionContext.statusChanged.connect((_, status) => {
      if (status === 'restarting' || status === 'autorestarting') {
        this._stream.onKernelRestarted();
      }
    });
  }

  /** Emitted when there is something new to render. */
  get changed(): ISignal<Transcript, void> {
    return this.transcript.changed;
  }

  /** Emitted with a call's id when the user wants to see the edit that is proposed in the notebook. */
  get revealRequested(): ISignal<this, string> {
    return this._revealRequested;
  }

  /** What the agent may do in this conversation without asking again, as the server has it. */
  get permissions(): readonly AllowedEffect[] {
    return this._permissions;
  }

  get turns(): readonly ITurn[] {
    return this.transcript.all;
  }

  get session(): SessionReply | null {
    return this._session;
  }

  get branches(): Branches | null {
    return this._branches;
  }

  /** Whether there are earlier turns that are not loaded. */
  get hasEarlier(): boolean {
    return this._hasEarlier;
  }

  get title(): string {
    return this.notebook?.title.label ?? '';
  }

  get isAnswering(): boolean {
    return this._stream.isActive;
  }

  get isLoading(): boolean {
    return this._loadState === 'loading';
  }

  /** The message about an error outside of any turn. */
  get problem(): string {
    return this._problem;
  }

  /** A message for the user above the composer. */
  get notice(): string {
    return this._notice;
  }

  /** Past questions for the arrow keys: newest first, each once. */
  get pastQuestions(): readonly string[] {
    const shown = this.turns.map(turn => turn.question).filter(Boolean);
    return Array.from(new Set([...shown, ...this.choices.questions].reverse()));
  }

  get notebookId(): string {
    return notebookPath(this.notebook);
  }

  /** Load the notebook's default conversation, once. */
  async load(): Promise<void> {
    if (this._loadState === 'initial') {
      this._loadState = 'loading';
      await this.attempt(async () => {
        const session = await this.api.sessions.findDefault(this.notebookId);
        // A question asked meanwhile has started a new conversation.
        const isNewer = session !== null && session.last_activity > this._newSince;
        if (isNewer && this._loadState === 'loading' && !this.transcript.last) {
          await this.show(session);
        }
        this._loadState = 'loaded';
      });
      this._loadState = this._problem ? 'initial' : 'loaded';
      this.transcript.render();
    }
  }

  /** Continue another stored conversation. */
  async open(session: SessionReply): Promise<void> {
    this._reset();
    this._loadState = 'loaded';
    await this.attempt(() => this.show(session));
  }

  /** Load the conversation again, as the server has it now. */
  async reload(notice = ''): Promise<void> {
    const session = this._session;
    if (!session || this.isAnswering) {
      return;
    }
    await this.attempt(async () => {
      const now = await this.api.sessions.get(session.session_id, session.notebook_id);
      await this.show(now);
      this._notice = notice;
    });
  }

  /** Load earlier turns. */
  async showEarlier(): Promise<void> {
    this._entryLimit *= MORE_FACTOR;
    await this.reload();
  }

  /** Ask a question; the answer arrives in the transcript. */
  async ask(question: string, pictures: readonly IPicture[] = []): Promise<void> {
    if (this.isAnswering || !question.trim()) {
      return;
    }
    if (pictures === this.draftPictures) {
      this.draftPictures = [];
    }
    const context = questionContext(this.notebook, this._session?.session_id ?? null, question);
    const id = UUID.uuid4();
    const { model, approval } = this.choices;
    const choices = { ...(model ? { model } : {}), ...(approval ? { approval } : {}) };
    const body = { query: question, context, turn_id: id, ...posted(pictures), ...choices };
    const edits = this.notebook && new PageEdits(this.notebook, this.api.turns);
    this.choices.remember(question);
    this.transcript.start({ ...newTurn(id, question, this._head()), pictures });
    this._problem = this._notice = '';
    const editMode = edits ? { edit: 'client' as const } : {};
    const { turns } = this.api;
    const translation = this._translation;
    const events = async function* (signal: AbortSignal) {
      yield* turns.ask({ ...body, ...editMode, context: await withSmallPictures(context, translation) }, signal);
    };
    await this._stream.run(id, events, edits);
  }

  /** Have a picture of an earlier question go with the next one, too. */
  attachAgain(picture: IPicture): void {
    if (this.draftPictures.length < MAX_PICTURES && !this.draftPictures.includes(picture)) {
      this.draftPictures = [...this.draftPictures, picture];
      this.transcript.render();
    }
  }

  /** Update from the server; a turn that was asked elsewhere and is running is followed. */
  async refresh(): Promise<void> {
    const session = this._session;
    if (!session) {
      if (!this.transcript.last && this._loadState === 'loaded') {
        this._loadState = 'initial';
        await this.load();
      }
      return;
    }
    if (this.isAnswering) {
      return;
    }
    await this.attempt(async () => {
      const now = await this.api.sessions.get(session.session_id, session.notebook_id).catch(error => {
        if (isNotFound(error)) {
          return null; // Deleted elsewhere.
        }
        throw error;
      });
      if (this.isAnswering || this._session?.session_id !== session.session_id) {
        return;
      }
      if (!now) {
        this.startNew(); // The conversation before it is not what the user was in.
      } else if (now.head !== this._session.head) {
        await this.show(now);
      } else {
        this._session = now;
        this._follow(now);
        await this._loadPermissions();
      }
    });
  }

  /** Ask another question in place of an earlier one, which stays on a branch of its own. */
  async askInstead(turn: ITurn, question: string): Promise<void> {
    if (this.isAnswering || !question.trim()) {
      return;
    }
    const session = this._session;
    if (session && turn.turnId && turn.parent !== undefined) {
      const succeeded = await this.attempt(async () => {
        await this.api.sessions.moveHead(session.session_id, session.notebook_id, turn.parent ?? null);
        this.transcript.truncate(turn.id);
      });
      if (!succeeded) {
        return;
      }
    } else {
      this.transcript.truncate(turn.id); // Nothing of it was stored.
    }
    await this.ask(question, turn.pictures);
  }

  /** Continue from the end of another branch. */
  async switchBranch(turnId: string): Promise<void> {
    const session = this._session;
    if (session && this._branches && !this.isAnswering) {
      const leaf = this._branches.leaf(turnId);
      await this.attempt(async () => this.show(await this.api.sessions.moveHead(session.session_id, session.notebook_id, leaf)));
    }
  }

  /** Stop the answer; what there is of it is kept. */
  stop(): void {
    this._stream.stop();
  }

  /** Decide an approval. */
  async decide(turn: ITurn, part: IToolPart, decision: IDecision): Promise<void> {
    await this._stream.decide(turn, part, decision);
    if (decision.scope === 'conversation') {
      await this._loadPermissions();
    }
  }

  /** Take back what was allowed for this conversation. */
  async revoke(effect: AllowedEffect): Promise<void> {
    const session = this._session;
    if (session) {
      await this.attempt(async () => {
        const { session_id, notebook_id } = session;
        this._permissions = await this.api.permissions.revoke(session_id, notebook_id, effect);
      });
    }
  }

  /** Change what is shown of a call's approval. */
  setApproval(turn: ITurn, part: IToolPart, change: Partial<IApproval>): void {
    this._stream.setApproval(turn.id, part.callId, change);
  }

  /** Show the edit that is proposed in the notebook. */
  reveal(part: IToolPart): void {
    this._revealRequested.emit(part.callId);
  }

  /** Start a new conversation; the old one stays stored. */
  startNew(): void {
    this._newSince = new Date().toISOString();
    this._reset();
    this._loadState = 'loaded';
    this.transcript.render();
  }

  /** Show the output of a command in the transcript; it is no part of the conversation. */
  addOutput(command: string, text: string): void {
    this.transcript.add(commandOutput(UUID.uuid4(), command, text));
  }

  /** Show a notice above the composer. */
  notify(notice: string): void {
    this._notice = notice;
    this.transcript.render();
  }

  /** Run a request; an error is shown. Returns whether it succeeded. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    this._problem = '';
    this.transcript.render();
    try {
      await work();
    } catch (error) {
      this._problem = this.errorMessage(error);
    }
    this.transcript.render();
    return !this._problem;
  }

  /** Load and show a stored conversation. */
  async show(session: SessionReply): Promise<void> {
    const { sessions } = this.api;
    const { session_id, notebook_id } = session;
    const [entries, tree] = await Promise.all([
      sessions.history(session_id, notebook_id, this._entryLimit),
      sessions.tree(session_id, notebook_id)
    ]);
    this._session = session;
    this._branches = new Branches(tree);
    this._hasEarlier = entries.length >= this._entryLimit && session.turn_count > entries.length;
    this._problem = '';
    if (session.pending_undo) {
      this._notice =
        session.pending_undo.kind === 'undo'
          ? this._translation.__('An undo was not finished. Choose "Finish Undo" in the menu.')
          : this._translation.__('A redo was not finished. Choose "Finish Redo" in the menu.');
    }
    this.transcript.replace(fromHistory(entries));
    this._follow(session);
    await this._loadPermissions();
  }

  /** The message about an error for the user. */
  errorMessage(error: unknown): string {
    return errorMessage(error, this._translation);
  }

  /** Without an answer of the server nothing is shown to stand; the server is who asks. */
  private async _loadPermissions(): Promise<void> {
    const session = this._session;
    if (session) {
      const loaded = await this.api.permissions.get(session.session_id, session.notebook_id).catch(() => []);
      if (this._session?.session_id === session.session_id) {
        this._permissions = loaded;
        this.transcript.render();
      }
    }
  }

  /** The notebook was renamed; the server renames it in its conversations, too. */
  private _onRenamed(path: string): void {
    if (this._session?.notebook_id === this._path) {
      this._session = { ...this._session, notebook_id: path };
    }
    this._path = path;
  }

  private _reset(): void {
    this._stream.abandon();
    this._session = null;
    this._permissions = [];
    this._branches = null;
    this._hasEarlier = false;
    this._entryLimit = FIRST_ENTRIES;
    this._problem = this._notice = '';
    this.transcript.clear();
  }

  /** Show a running turn that was asked elsewhere. */
  private _follow({ running }: SessionReply): void {
    if (running && !this.isAnswering && !this.turns.some(turn => turn.turnId === running.turn_id)) {
      this.transcript.start(newTurn(running.turn_id, running.question, this._head()));
      void this._stream.run(running.turn_id, signal => this.api.turns.follow(running.turn_id, signal));
    }
  }

  private _head(): string | null | undefined {
    const stored = this.transcript.ended.filter(turn => !turn.isLocal);
    const last = stored[stored.length - 1];
    return last ? last.turnId || last.parent : null;
  }

  onStarted(sessionId: string, turnId: string): void {
    const turn = this.transcript.running;
    if (!turn) {
      return; // Abandoned meanwhile: a late event must not restore the old conversation.
    }
    const now = new Date().toISOString();
    this._session = {
      title: turn.question.slice(0, 80),
      turn_count: 0,
      turns: 0,
      notebook_id: this.notebookId,
      created_at: now,
      metadata: {},
      variables: [],
      running: null,
      pending_undo: null,
      ...this._session,
      session_id: sessionId,
      last_activity: now,
      head: turnId
    };
    const added: TreeTurn = {
      turn_id: turnId,
      parent: turn.parent ?? null,
      question: turn.question,
      status: '',
      model: turn.model,
      created_at: now
    };
    this._branches = (this._branches ?? new Branches({ head: null, can_redo: false, turns: [] })).with(added);
  }

  onReconnected(): void {
    this.notify(this._translation.__('Connected again.'));
  }

  async onLost(): Promise<void> {
    await this.reload(this._translation.__('The server was restarted. The conversation is shown as far as it was stored.'));
  }
}
