// Code of an answer, offered at the cell that was asked about: it takes the cell's place when the user says so.

import type { Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { focus, place } from './cellPlacement';
import { type Answer, Proposal } from './proposal';

const OFFER = 'jp-agent-offer';

/** Offer code for a cell; returns whether there was anything to offer. */
export function offer(notebook: Notebook, cell: Cell, code: string, translation: TranslationBundle): boolean {
  if (!code || cell.isDisposed || cell.model.type !== 'code' || cell.readOnly) {
    return false;
  }
  const { sharedModel } = cell.model;
  const source = sharedModel.getSource();
  if (source.trim() === code.trim()) {
    return false;
  }
  const hadFocus = cell.node.contains(document.activeElement);
  const answered = (answer: Answer) => {
    proposal.dispose();
    if (answer === 'reject' || sharedModel.getSource() === source) {
      if (answer !== 'reject') {
        sharedModel.setSource(code);
      }
      focus(notebook, cell);
    } else {
      offer(notebook, cell, code, translation); // The user changed it meanwhile: it is another difference now.
    }
  };
  const proposal = new Proposal({ tool: 'offer', arguments: { source: code } }, source, translation, answered);
  for (const old of Array.from(cell.children()).filter(one => one.hasClass(OFFER))) {
    old.dispose();
  }
  proposal.addClass(OFFER);
  place(proposal, cell, true);
  proposal.node.scrollIntoView({ block: 'nearest' });
  if (hadFocus) {
    proposal.focus();
  }
  return true;
}
