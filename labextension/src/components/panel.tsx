// The panel of the sidebar: shows the current notebook's conversation; creates all services.

import * as React from 'react';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { AgentApi } from '../api/agentApi';
import type { ISessionChanged } from '../api/events';
import type { SessionEvents } from '../api/sessionEvents';
import type { SessionReply } from '../api/wire';
import { CellActions } from '../cells/cellActions';
import { Proposals } from '../cells/proposals';
import { Conversation } from '../chat/conversation';
import { Suggestions } from '../chat/suggestions';
import { INSERTED_CLASS, insertBelow, replaceActive, runBelow } from '../notebook/codeInsertion';
import { KernelWatch } from '../notebook/kernelWatch';
import { notebookLanguage, notebookPath } from '../notebook/notebookContext';
import { StalenessMonitor } from '../notebook/staleness';
import { AgentView } from './agentView';
import { AnswerRenderer } from './answerRenderer';
import { type IServices, ServicesProvider } from './services';
import '../../style/cells.css';
import '../../style/panel.css';

/** Languages of code blocks that a Python kernel runs. */
const PYTHON = new Set(['python', 'python3', 'py', 'ipython', 'ipython3']);

/** What the panel needs of the application. */
export interface IPanelOptions {
  app: JupyterFrontEnd;
  notebooks: INotebookTracker;
  rendermime: IRenderMimeRegistry;
  translation: TranslationBundle;
}

export class AgentPanel extends ReactWidget {
  readonly cellActions: CellActions;
  private _input = React.createRef<HTMLTextAreaElement>();
  private _conversations = new WeakMap<NotebookPanel, Conversation>();
  /** Shown where no notebook is open. */
  private _withoutNotebook: Conversation;
  private _api: AgentApi;
  private _services: IServices;
  private _undoKey: IDisposable;
  private _wantsFocus = false;
  private _isDisconnected = false;

  constructor(private readonly _options: IPanelOptions) {
    super();
    const { app, notebooks, rendermime, translation } = _options;
    const api = new AgentApi(app.serviceManager.serverSettings);
    this._api = api;
    this._withoutNotebook = new Conversation(null, api, translation);
    const kernelWatch = new KernelWatch(notebooks, api.kernels);
    this._services = {
      translation,
      renderer: new AnswerRenderer(rendermime),
      suggestions: new Suggestions(api.commands, app.serviceManager.contents, kernelWatch),
      staleness: new StalenessMonitor(notebooks, api.doctor),
      kernelWatch,
      contents: app.serviceManager.contents,
      openSession: session => this._openSession(session),
      codeActions: {
        insert: code => this._write(insertBelow, code),
        replace: code => this._write(replaceActive, code),
        run: code => this._write(runBelow, code),
        canRun: language => this._canRun(language)
      }
    };
    const open = () => void app.commands.execute('jupyter-agent:open');
    this.cellActions = new CellActions(notebook => this._conversationOf(notebook), this._services, open);
    this.addClass('jp-agent-panel');
    // In command mode Ctrl-Z would otherwise undo nothing: the insertion is a step of the notebook, not of the editor.
    this._undoKey = app.commands.addKeyBinding({
      command: 'notebook:undo-cell-action',
      keys: ['Accel Z'],
      selector: `.jp-Notebook.jp-mod-commandMode .jp-Cell.${INSERTED_CLASS}.jp-mod-active`
    });
    notebooks.currentChanged.connect(this._onCurrentChanged, this);
    api.sessionEvents.sessionChanged.connect(this._onSessionChanged, this);
    api.sessionEvents.connectionChanged.connect(this._onConnectionChanged, this);
    this._onCurrentChanged();
  }

  override dispose(): void {
    this._options.notebooks.currentChanged.disconnect(this._onCurrentChanged, this);
    this._services.staleness.dispose();
    this._services.kernelWatch.dispose();
    this._api.sessionEvents.dispose();
    this._undoKey.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this._api.sessionEvents.subscribe();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._api.sessionEvents.subscribe();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._api.sessionEvents.unsubscribe();
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
    const notebook = this._options.notebooks.currentWidget;
    return notebook ? this._conversationOf(notebook) : this._withoutNotebook;
  }

  private _conversationOf(notebook: NotebookPanel): Conversation {
    let conversation = this._conversations.get(notebook);
    if (!conversation) {
      conversation = new Conversation(notebook, this._api, this._services.translation);
      this._conversations.set(notebook, conversation);
      new Proposals(notebook, conversation, this._services.translation, () => this._options.app.shell.activateById(notebook.id));
    }
    return conversation;
  }

  private _onCurrentChanged(): void {
    void this._current.load();
    this.update();
  }

  private _onSessionChanged(_: SessionEvents, { session_id, notebook_id }: ISessionChanged): void {
    const conversation = this._current;
    const { session } = conversation;
    if (session ? session.session_id === session_id : notebook_id === conversation.notebookId) {
      void conversation.refresh();
    }
  }

  private _onConnectionChanged(_: SessionEvents, isConnected: boolean): void {
    const conversation = this._current;
    const { translation } = this._services;
    if (!isConnected) {
      this._isDisconnected = true;
      conversation.notify(translation.__('The Jupyter server does not answer. Reconnecting…'));
    } else {
      void conversation.refresh();
      if (this._isDisconnected) {
        this._isDisconnected = false;
        conversation.notify(translation.__('Connected to the server again.'));
      }
    }
  }

  private async _openSession(session: SessionReply): Promise<void> {
    const { app, notebooks } = this._options;
    if (session.notebook_id) {
      await app.commands.execute('docmanager:open', { path: session.notebook_id });
    }
    const notebook = notebooks.find(panel => notebookPath(panel) === session.notebook_id);
    await (notebook ? this._conversationOf(notebook) : this._withoutNotebook).open(session);
  }

  private _focus(): void {
    if (this._wantsFocus && this._input.current) {
      this._wantsFocus = false;
      this._input.current.focus();
    }
  }

  private _write(write: (panel: NotebookPanel, code: string) => boolean, code: string): boolean {
    const notebook = this._options.notebooks.currentWidget;
    if (!notebook || !write(notebook, code)) {
      return false;
    }
    this._options.app.shell.activateById(notebook.id);
    return true;
  }

  private _canRun(language: string): boolean {
    const notebook = this._options.notebooks.currentWidget;
    if (!notebook) {
      return false;
    }
    const kernelLanguage = notebookLanguage(notebook);
    const wanted = language.toLowerCase();
    return wanted === kernelLanguage || (kernelLanguage === 'python' && PYTHON.has(wanted));
  }
}
