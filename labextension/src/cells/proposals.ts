// Edits that wait for the user's word, each at its cell in the notebook.

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import type { Conversation } from '../chat/conversation';
import type { IExchange, IToolPart } from '../chat/exchange';
import { place } from './cellPlacement';
import { type Answer, Proposal } from './proposal';

/** Tools that change cells, and are proposed at them. */
export const EDITS: ReadonlySet<string> = new Set(['insert_cell', 'edit_cell', 'delete_cell', 'move_cell']);

/** Shows the proposals of a conversation in its notebook, as long as both are there. */
export class Proposals {
  private _shown = new Map<string, Widget>();

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _conversation: Conversation,
    private readonly _translation: TranslationBundle
  ) {
    _conversation.changed.connect(this._update, this);
    _panel.disposed.connect(() => _conversation.changed.disconnect(this._update, this));
  }

  private _update(): void {
    const { live } = this._conversation.transcript;
    const waiting = new Map((live ? live.parts.filter(isWaiting) : []).map(part => [part.callId, part]));
    for (const [callId, widget] of this._shown) {
      if (!waiting.has(callId)) {
        this._shown.delete(callId);
        widget.dispose();
      }
    }
    for (const [callId, part] of waiting) {
      if (live && !this._shown.has(callId)) {
        this._show(live, part);
      }
    }
  }

  private _show(exchange: IExchange, part: IToolPart): void {
    const cell = this._cellOf(part);
    if (!cell) {
      return; // The card in the sidebar asks all the same.
    }
    const source = cell.model.sharedModel.getSource();
    const proposal = new Proposal(part, source, this._translation, answer => this._decide(exchange, part, answer));
    this._shown.set(part.callId, proposal);
    place(proposal, cell, part.tool !== 'insert_cell');
    void this._panel.content.scrollToCell(cell);
  }

  private _decide(exchange: IExchange, part: IToolPart, answer: Answer): void {
    const decision = answer === 'reject' ? 'deny' : 'approve';
    void this._conversation.decide(exchange, part, decision, answer === 'accept-all');
    this._panel.content.node.focus();
  }

  /** The cell that an edit is about; of a new one, the cell above its place. */
  private _cellOf({ tool, arguments: given }: IToolPart): Cell | undefined {
    const { widgets } = this._panel.content;
    if (tool !== 'insert_cell') {
      return widgets.find(one => one.model.id === given.cell_id);
    }
    if (given.below === undefined) {
      return this._panel.content.activeCell ?? widgets[widgets.length - 1];
    }
    return widgets.find(one => one.model.id === given.below) ?? widgets[0];
  }
}

/** What is proposed at a cell. */
export function proposalAt(cell: Cell): Proposal | undefined {
  return Array.from(cell.children()).find(one => one instanceof Proposal) as Proposal | undefined;
}

/** Whether an edit of a cell waits for the user's word. */
export function proposes(exchange: IExchange): boolean {
  return exchange.parts.some(isWaiting);
}

function isWaiting(part: IExchange['parts'][number]): part is IToolPart {
  return part.kind === 'tool' && EDITS.has(part.tool) && part.status === 'running' && part.approval?.answer === null;
}
