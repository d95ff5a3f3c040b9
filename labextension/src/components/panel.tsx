// The panel: follows the notebook in front, with one conversation for each.

import * as React from 'react';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { AnswerRenderer } from './answerRenderer';
import { CellDesk } from '../cells/cellActions';
import { Proposals } from '../cells/proposals';
import { INSERTED, insertBelow, replaceActive, runBelow } from '../notebook/codeInsertion';
import { Conversation } from '../chat/conversation';
import type { ISessionChanged } from '../api/events';
import type { Feed } from '../api/sessionEvents';
import { KernelWatch } from '../notebook/kernelWatch';
import { Known } from '../chat/suggestions';
import { ModelList } from '../api/models';
import { notebookPath } from '../notebook/notebookContext';
import { AgentServer } from '../api/agentApi';
import { type IServices, ServicesProvider } from './services';
import type { ISession } from '../api/sessions';
import type { ISurroundings } from './sidebar';
import { StalenessMonitor } from '../notebook/staleness';
import { AgentView } from './agentView';
import '../../style/cells.css';
import '../../style/panel.css';

const PYTHON = new Set(['python', 'python3', 'py', 'ipython', 'ipython3']);

export class AgentPanel extends ReactWidget {
  /** Does the user's errands in cells. */
  readonly desk: CellDesk;
  private _input = React.createRef<HTMLTextAreaElement>();
  private _conversations = new WeakMap<NotebookPanel, Conversation>();
  private _alone: Conversation;
  private _server: AgentServer;
  private _services: IServices;
  private _surroundings: ISurroundings;
  private _undoKey: IDisposable;
  private _wantsFocus = false;
  private _isCutOff = false;

  constructor(surroundings: ISurroundings) {
    super();
    const { app, notebooks, rendermime, translation } = surroundings;
    this._surroundings = surroundings;
    this._server = new AgentServer(app.serviceManager.serverSettings);
    this._alone = new Conversation(null, this._server, translation);
    const { facts } = this._server;
    const watch = new KernelWatch(notebooks, facts);
    this._services = {
      translation,
      renderer: new AnswerRenderer(rendermime),
      known: new Known(facts, app.serviceManager.contents, watch),
      models: new ModelList(facts),
      staleness: new StalenessMonitor(notebooks, facts),
      watch,
      openElsewhere: session => this._openElsewhere(session),
      actions: {
        insert: code => this._write(insertBelow, code),
        replace: code => this._write(replaceActive, code),
        run: code => this._write(runBelow, code),
        runs: language => this._runs(language)
      }
    };
    const open = () => void app.commands.execute('jupyter-agent:open');
    this.desk = new CellDesk(notebook => this._conversationOf(notebook), this._services, open);
    this.addClass('jp-agent-panel');
    // In a cell's command mode Ctrl-Z would otherwise undo nothing: inserting is the notebook's step, not the editor's.
    this._undoKey = app.commands.addKeyBinding({
      command: 'notebook:undo-cell-action',
      keys: ['Accel Z'],
      selector: `.jp-Notebook.jp-mod-commandMode .jp-Cell.${INSERTED}.jp-mod-active`
    });
    notebooks.currentChanged.connect(this._follow, this);
    this._server.feed.heard.connect(this._hear, this);
    this._server.feed.connection.connect(this._onConnection, this);
    this._follow(notebooks);
  }

  override dispose(): void {
    this._surroundings.notebooks.currentChanged.disconnect(this._follow, this);
    this._services.staleness.dispose();
    this._services.watch.dispose();
    this._server.feed.dispose();
    this._undoKey.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._server.feed.listen(this.isVisible);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._server.feed.listen(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._server.feed.listen(false);
  }

  protected override render(): JSX.Element {
    const conversation = this._current;
    return (
      <ServicesProvider value={this._services}>
        <AgentView key={conversation.key} conversation={conversation} input={this._input} />
      </ServicesProvider>
    );
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this._wantsFocus = true;
    this._focus();
  }

  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    void this.renderPromise?.then(() => this._focus());
  }

  private get _current(): Conversation {
    const notebook = this._surroundings.notebooks.currentWidget;
    return notebook ? this._conversationOf(notebook) : this._alone;
  }

  private _conversationOf(notebook: NotebookPanel): Conversation {
    let conversation = this._conversations.get(notebook);
    if (!conversation) {
      conversation = new Conversation(notebook, this._server, this._services.translation);
      this._conversations.set(notebook, conversation);
      new Proposals(notebook, conversation, this._services.translation);
    }
    return conversation;
  }

  private _follow(_: INotebookTracker): void {
    void this._current.load();
    this.update();
  }

  /** Something happened to a conversation, here or elsewhere. */
  private _hear(_: Feed, { session_id, notebook_id }: ISessionChanged): void {
    const conversation = this._current;
    const known = conversation.session;
    if (known ? known.session_id === session_id : notebook_id === conversation.notebookId) {
      void conversation.refresh();
    }
  }

  private _onConnection(_: Feed, isThere: boolean): void {
    const conversation = this._current;
    const { translation } = this._services;
    if (!isThere) {
      this._isCutOff = true;
      conversation.tell(translation.__('The Jupyter server does not answer. Trying again…'));
    } else {
      void conversation.refresh();
      if (this._isCutOff) {
        this._isCutOff = false;
        conversation.tell(translation.__('Connected to the server again.'));
      }
    }
  }

  private async _openElsewhere(session: ISession): Promise<void> {
    const { app, notebooks } = this._surroundings;
    if (session.notebook_id) {
      await app.commands.execute('docmanager:open', { path: session.notebook_id });
    }
    const notebook = notebooks.find(one => notebookPath(one) === session.notebook_id);
    await (notebook ? this._conversationOf(notebook) : this._alone).open(session);
  }

  private _focus(): void {
    if (this._wantsFocus && this._input.current) {
      this._wantsFocus = false;
      this._input.current.focus();
    }
  }

  private _write(write: (panel: NotebookPanel, code: string) => boolean, code: string): boolean {
    const notebook = this._surroundings.notebooks.currentWidget;
    if (!notebook || !write(notebook, code)) {
      return false;
    }
    this._surroundings.app.shell.activateById(notebook.id);
    return true;
  }

  private _runs(language: string): boolean {
    const notebook = this._surroundings.notebooks.currentWidget;
    const metadata: any = notebook?.content.model?.getMetadata('language_info');
    const own = String(metadata?.name ?? 'python').toLowerCase();
    const named = language.toLowerCase();
    return notebook !== null && (named === own || (own === 'python' && PYTHON.has(named)));
  }
}
