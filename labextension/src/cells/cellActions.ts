// The user's errands in cells: each becomes a question of the notebook's conversation, and what comes of it is offered at the cell.

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Conversation } from '../chat/conversation';
import { type IExchange, waitsForUser } from '../chat/exchange';
import type { IServices } from '../components/services';
import { submit } from '../chat/slashCommands';
import { codeOf, isVersion, textOf } from './answerCode';
import { aboutError, nameOf, toDocument, toEdit, toExplain, toImprove } from './cellQuestions';
import { offer } from './suggestedCode';
import type { IEditing } from './promptBox';
import { EDITS, proposalAt, proposes } from './proposals';

export type Errand = 'explain' | 'fix' | 'improve' | 'document' | 'ask';

const QUESTIONS = { explain: toExplain, fix: aboutError, improve: toImprove, document: toDocument };

export class CellDesk {
  constructor(
    private readonly _conversationOf: (notebook: NotebookPanel) => Conversation,
    private readonly _services: IServices,
    private readonly _open: () => void
  ) {}

  /** Do an errand for a cell. */
  async do(errand: Errand, notebook: NotebookPanel, cell: Cell): Promise<void> {
    const conversation = this._conversationOf(notebook);
    if (errand === 'ask') {
      conversation.draft = `${nameOf(notebook.content, cell)} ${conversation.draft}`;
      conversation.transcript.draw();
      return;
    }
    const exchange = await this._ask(conversation, QUESTIONS[errand](notebook.content, cell));
    const code = exchange && errand !== 'explain' ? this._codeOf(exchange) : '';
    if (code && !cell.isDisposed && isVersion(code, cell.model.sharedModel.getSource())) {
      this._offer(notebook, cell, code);
    }
  }

  /** Have a cell edited as the user says; code that the answer only shows is offered at the cell. */
  async edit(notebook: NotebookPanel, cell: Cell, instruction: string, editing: IEditing): Promise<void> {
    const { translation } = this._services;
    const conversation = this._conversationOf(notebook);
    const told = () => this._tell(conversation.transcript.live, cell, editing);
    conversation.changed.connect(told);
    const exchange = await this._ask(conversation, toEdit(notebook.content, cell, instruction));
    conversation.changed.disconnect(told);
    if (!exchange) {
      editing.said(this._busyWords);
    } else if (this._offer(notebook, cell, this._codeOf(exchange)) || edits(exchange)) {
      editing.came();
    } else {
      editing.said(exchange.problem || textOf(exchange) || translation.__('There was no answer.'));
    }
  }

  stop(notebook: NotebookPanel): void {
    this._conversationOf(notebook).stop();
  }

  private _offer({ content }: NotebookPanel, cell: Cell, code: string): boolean {
    return offer(content, cell, code, this._services.translation);
  }

  /** Edits are proposed at their cells; other approvals are asked for in the sidebar. */
  private _tell(exchange: IExchange | null, cell: Cell, editing: IEditing): void {
    if (exchange && waitsForUser(exchange)) {
      if (proposes(exchange)) {
        const hadFocus = cell.node.contains(document.activeElement);
        editing.came();
        if (hadFocus) {
          proposalAt(cell)?.focus();
        }
      } else {
        editing.waits();
        this._open();
      }
    }
  }

  private get _busyWords(): string {
    return this._services.translation.__('The answer before is still being written; ask again when it has ended.');
  }

  private _codeOf(exchange: IExchange): string {
    return codeOf(exchange, this._services.actions.runs);
  }

  /** What came of a question; null where the answer before is still being written. */
  private async _ask(conversation: Conversation, question: string): Promise<IExchange | null> {
    await read(conversation);
    if (conversation.isAnswering) {
      conversation.tell(this._busyWords);
      return null;
    }
    const before = conversation.transcript.last?.id;
    await submit(question, { conversation, services: this._services, onPage: () => undefined });
    const last = conversation.transcript.last;
    return last && last.id !== before ? last : null;
  }
}

function edits({ parts }: IExchange): boolean {
  return parts.some(one => one.kind === 'tool' && EDITS.has(one.tool));
}

/** Wait until a conversation knows what was said before, so that it goes on with it. */
async function read(conversation: Conversation): Promise<void> {
  await conversation.load();
  await new Promise<void>(resolve => {
    const look = () => {
      if (!conversation.isLoading) {
        conversation.changed.disconnect(look);
        resolve();
      }
    };
    conversation.changed.connect(look);
    look();
  });
}
