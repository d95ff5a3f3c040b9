// Actions on a cell: each asks a question in the notebook's conversation, and code of the answer is suggested at the cell.

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Conversation } from '../chat/conversation';
import { answerText, type ITurn, pendingCalls } from '../chat/turn';
import { submit } from '../chat/slashCommands';
import type { IServices } from '../components/services';
import { documentQuestion, editQuestion, explainQuestion, fixQuestion, improveQuestion, mentionOf } from './cellQuestions';
import { hasEdits, hasPendingEdit, proposalAt } from './proposals';
import { codeOf, isVersionOf, suggestCode } from './suggestedCode';

export type CellAction = 'explain' | 'fix' | 'improve' | 'document' | 'ask';

const QUESTIONS = {
  explain: explainQuestion,
  fix: fixQuestion,
  improve: improveQuestion,
  document: documentQuestion
};

/** Is notified of the progress of an edit instruction. */
export interface IEditObserver {
  /** A proposal or a suggestion is shown at the cell. */
  onProposal: () => void;
  /** The user's approval is requested in the sidebar. */
  onApprovalRequested: () => void;
  /** The answer has no code for the cell; its text, or the message about an error. */
  onText: (text: string) => void;
}

export class CellActions {
  constructor(
    private readonly _conversationOf: (notebook: NotebookPanel) => Conversation,
    private readonly _services: IServices,
    private readonly _openSidebar: () => void
  ) {}

  async run(action: CellAction, notebook: NotebookPanel, cell: Cell): Promise<void> {
    const conversation = this._conversationOf(notebook);
    if (action === 'ask') {
      conversation.draft = `${mentionOf(notebook.content, cell)} ${conversation.draft}`;
      conversation.transcript.render();
      return;
    }
    const turn = await this._ask(conversation, QUESTIONS[action](notebook.content, cell));
    const code = turn && action !== 'explain' ? codeOf(turn, this._services.codeActions.canRun) : '';
    if (code && !cell.isDisposed && isVersionOf(cell.model.sharedModel.getSource(), code)) {
      suggestCode(notebook.content, cell, code, this._services.translation);
    }
  }

  /** Edit a cell as the user's instruction says; code that the answer only shows is suggested at the cell. */
  async edit(notebook: NotebookPanel, cell: Cell, instruction: string, observer: IEditObserver): Promise<void> {
    const { codeActions, translation } = this._services;
    const conversation = this._conversationOf(notebook);
    const onChanged = () => this._onProgress(conversation.transcript.running, cell, observer);
    conversation.changed.connect(onChanged);
    const turn = await this._ask(conversation, editQuestion(notebook.content, cell, instruction));
    conversation.changed.disconnect(onChanged);
    if (!turn) {
      observer.onText(this._busyMessage);
    } else if (
      suggestCode(notebook.content, cell, codeOf(turn, codeActions.canRun), translation) ||
      hasEdits(turn)
    ) {
      observer.onProposal();
    } else {
      observer.onText(turn.problem || answerText(turn, '\n\n').trim() || translation.__('There was no answer.'));
    }
  }

  stop(notebook: NotebookPanel): void {
    this._conversationOf(notebook).stop();
  }

  /** Edits are proposed at their cells; other approvals are requested in the sidebar. */
  private _onProgress(turn: ITurn | null, cell: Cell, observer: IEditObserver): void {
    if (!turn || pendingCalls(turn).length === 0) {
      return;
    }
    if (hasPendingEdit(turn)) {
      const hadFocus = cell.node.contains(document.activeElement);
      observer.onProposal();
      if (hadFocus) {
        proposalAt(cell)?.focus();
      }
    } else {
      observer.onApprovalRequested();
      this._openSidebar();
    }
  }

  private get _busyMessage(): string {
    return this._services.translation.__('The previous answer is still being written. Ask again when it is complete.');
  }

  /** The turn of a question; null while the previous answer is being written. */
  private async _ask(conversation: Conversation, question: string): Promise<ITurn | null> {
    await loaded(conversation);
    if (conversation.isAnswering) {
      conversation.notify(this._busyMessage);
      return null;
    }
    const previous = conversation.transcript.last?.id;
    await submit(question, { conversation, services: this._services, openPage: () => undefined });
    const last = conversation.transcript.last;
    return last && last.id !== previous ? last : null;
  }
}

/** Wait until the stored conversation is loaded, so that a question continues it. */
async function loaded(conversation: Conversation): Promise<void> {
  await conversation.load();
  await new Promise<void>(resolve => {
    const check = () => {
      if (!conversation.isLoading) {
        conversation.changed.disconnect(check);
        resolve();
      }
    };
    conversation.changed.connect(check);
    check();
  });
}
