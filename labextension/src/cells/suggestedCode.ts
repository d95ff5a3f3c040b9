// Code that an answer shows, suggested at the cell that the question was about: accepting it replaces the cell's source.

import type { Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { answerText, type ITurn } from '../chat/turn';
import { focusCell, placeInCell } from './cellPlacement';
import { Proposal, type ProposalDecision } from './proposal';
import { hasEdits } from './proposals';

const SUGGESTION_CLASS = 'jp-agent-offer';
const FENCED = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n([\s\S]*?)\n? {0,3}\1[ \t]*$/m;
const WORD = /[\p{L}\p{N}_]+/gu;

/** The first code block of an answer; empty where there is none, or where the agent edits cells itself. */
export function codeOf(turn: ITurn, canRun: (language: string) => boolean): string {
  const block = hasEdits(turn) ? null : FENCED.exec(answerText(turn, '\n\n'));
  return block && (!block[2] || canRun(block[2])) ? block[3] : '';
}

/** Whether code is a version of a cell and not merely an example: it has at least half of the cell's words. */
export function isVersionOf(source: string, code: string): boolean {
  const words = new Set(source.match(WORD) ?? []);
  const common = new Set((code.match(WORD) ?? []).filter(word => words.has(word)));
  return common.size * 2 >= words.size;
}

/** Suggest code for a cell; returns whether it differs from the cell's source. */
export function suggestCode(notebook: Notebook, cell: Cell, code: string, translation: TranslationBundle): boolean {
  if (!code || cell.isDisposed || cell.model.type !== 'code' || cell.readOnly) {
    return false;
  }
  const { sharedModel } = cell.model;
  const source = sharedModel.getSource();
  if (source.trim() === code.trim()) {
    return false;
  }
  const hadFocus = cell.node.contains(document.activeElement);
  const onDecide = (decision: ProposalDecision) => {
    proposal.dispose();
    if (decision !== 'reject' && sharedModel.getSource() !== source) {
      suggestCode(notebook, cell, code, translation); // The user edited the cell meanwhile: show the new diff.
      return;
    }
    if (decision !== 'reject') {
      sharedModel.setSource(code);
    }
    focusCell(notebook, cell);
  };
  const edit = { title: translation.__('Suggested code'), before: source, source: code };
  const proposal = new Proposal(edit, translation, onDecide);
  for (const widget of Array.from(cell.children()).filter(child => child.hasClass(SUGGESTION_CLASS))) {
    widget.dispose();
  }
  proposal.addClass(SUGGESTION_CLASS);
  placeInCell(proposal, cell, 'code');
  proposal.node.scrollIntoView({ block: 'nearest' });
  if (hadFocus) {
    proposal.focus();
  }
  return true;
}
