// Shows the pending edits of a conversation at their cells in the notebook.

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Conversation } from '../chat/conversation';
import { argumentOf, type ITurn, type IToolPart } from '../chat/turn';
import { placeInCell } from './cellPlacement';
import { Proposal, type ProposalDecision } from './proposal';

export class Proposals {
  private _shown = new Map<string, Proposal>();

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _conversation: Conversation,
    private readonly _translation: TranslationBundle,
    private readonly _activate: () => void
  ) {
    _conversation.changed.connect(this._update, this);
    _conversation.revealRequested.connect(this._reveal, this);
    _panel.disposed.connect(() => {
      _conversation.changed.disconnect(this._update, this);
      _conversation.revealRequested.disconnect(this._reveal, this);
    });
  }

  private _update(): void {
    const { running } = this._conversation.transcript;
    const pending = new Map((running ? running.parts.filter(isPendingEdit) : []).map(part => [part.callId, part]));
    for (const [callId, widget] of this._shown) {
      // A call that is asked about anew is shown anew: what it would do is another thing now.
      if (pending.get(callId)?.approval?.digest !== widget.digest) {
        this._shown.delete(callId);
        widget.dispose();
      }
    }
    for (const [callId, part] of pending) {
      if (running && !this._shown.has(callId)) {
        this._show(running, part);
      }
    }
  }

  private _show(turn: ITurn, part: IToolPart): void {
    const cell = this._cellOf(part);
    const { digest, preview = '', reasons = [], effects = [], mayStand = false } = part.approval ?? {};
    const kind = part.display?.edit;
    const source = kind === 'move' ? null : kind === 'delete' ? '' : argumentOf(part, 'source') ?? (preview || undefined);
    if (!cell || source === undefined) {
      return; // The card in the sidebar asks anyway.
    }
    const before = kind === 'insert' ? '' : cell.model.sharedModel.getSource();
    const runs = effects.includes('execute');
    const edit = { title: part.title, digest, before, source, reasons, runs, mayStand };
    const proposal = new Proposal(edit, this._translation, decision => this._decide(turn, part, decision));
    this._shown.set(part.callId, proposal);
    const isAtTop = argumentOf(part, 'below') === '';
    placeInCell(proposal, cell, kind !== 'insert' ? 'code' : isAtTop ? 'top' : 'outputs');
    this._conversation.setApproval(turn, part, { isAtCell: true });
    proposal.disposed.connect(() => {
      if (this._shown.delete(part.callId)) {
        this._conversation.setApproval(turn, part, { isAtCell: false }); // The cell is gone: the sidebar asks.
      }
    });
    if (!this._panel.node.contains(document.activeElement)) {
      this._scrollTo(cell);
    }
  }

  /** Scroll only: `scrollToCell` would also move the focus, and what the user types, into the cell. */
  private _scrollTo(cell: Cell): void {
    const { content } = this._panel;
    void content.scrollToItem(content.widgets.indexOf(cell)).catch(() => undefined);
  }

  /** The user wants to see it: bring the notebook to the front, and go there. */
  private async _reveal(_: Conversation, callId: string): Promise<void> {
    const { content } = this._panel;
    const proposal = this._shown.get(callId);
    const index = content.widgets.findIndex(cell => cell === proposal?.parent);
    if (proposal && index >= 0) {
      this._activate();
      await content.scrollToItem(index).catch(() => undefined);
      proposal.node.scrollIntoView({ block: 'nearest' });
      proposal.focus();
    }
  }

  private _decide(turn: ITurn, part: IToolPart, decision: ProposalDecision): void {
    void this._conversation.decide(turn, part, {
      decision: decision === 'reject' ? 'deny' : 'approve',
      ...(decision === 'accept-all' ? { scope: 'conversation' as const } : {})
    });
    this._panel.content.node.focus();
  }

  /** The cell of an edit; for an insertion, the cell above, or the first one where it is to be above that. */
  private _cellOf(part: IToolPart): Cell | undefined {
    const { widgets, activeCell } = this._panel.content;
    const below = argumentOf(part, 'below');
    if (part.display?.edit !== 'insert') {
      return widgets.find(cell => cell.model.id === argumentOf(part, 'cell_id'));
    }
    return below === undefined
      ? activeCell ?? widgets[widgets.length - 1]
      : widgets.find(cell => cell.model.id === below) ?? widgets[0];
  }
}

/** The proposal at a cell. */
export function proposalAt(cell: Cell): Proposal | undefined {
  return Array.from(cell.children()).find(widget => widget instanceof Proposal) as Proposal | undefined;
}

/** Whether a turn has edited cells, or wants to. */
export function hasEdits(turn: ITurn): boolean {
  return turn.parts.some(isEdit);
}

/** Whether an edit waits for approval. */
export function hasPendingEdit(turn: ITurn): boolean {
  return turn.parts.some(isPendingEdit);
}

function isPendingEdit(part: ITurn['parts'][number]): part is IToolPart {
  return isEdit(part) && part.status === 'running' && part.approval?.decision === null;
}

/** Whether a call edits a cell, and is proposed there: a cell that is only run is asked about in the sidebar. */
function isEdit(part: ITurn['parts'][number]): part is IToolPart {
  const edit = part.kind === 'tool' ? part.display?.edit : null;
  return Boolean(edit) && edit !== 'run';
}
