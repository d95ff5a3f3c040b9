// A proposed edit at its cell: the diff, and buttons to accept or reject it.

import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { withHiddenShown } from '../components/sanitize';
import { diffLines, type ILine } from './lineDiff';

/** An edit by a tool, or of code that an answer suggests. */
interface IProposedEdit {
  title: string;
  /** Of what is asked about. */
  digest?: string;
  /** The cell's source as it is; empty where there is no cell yet. */
  before: string;
  /** The cell's source as it is to be; null where it stays. */
  source: string | null;
  /** Whether the cell is run then. */
  runs?: boolean;
  /** Why it is asked about whatever the user has allowed. */
  reasons?: readonly { text: string; more: readonly string[] }[];
  /** Whether the user's yes can stand for the conversation. */
  mayStand?: boolean;
}

export type ProposalDecision = 'accept' | 'reject' | 'accept-all';

const SIGNS: Record<ILine['kind'], string> = { unchanged: ' ', removed: '-', added: '+' };

export class Proposal extends Widget {
  constructor(
    private readonly _edit: IProposedEdit,
    private readonly _translation: TranslationBundle,
    private readonly _onDecide: (decision: ProposalDecision) => void
  ) {
    super();
    this.addClass('jp-agent-proposal');
    const title = withHiddenShown(_edit.title);
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', title);
    this.node.append(this._toolbar(title), ...this._reasons(), ...diffOf(_edit, _translation));
    // Keys typed here are for these buttons, not for the notebook.
    this.node.dataset.lmSuppressShortcuts = 'true';
    this.node.addEventListener('keydown', event => event.stopPropagation());
  }

  /** Of what is shown. */
  get digest(): string | undefined {
    return this._edit.digest;
  }

  /** Focus the first button. */
  focus(): void {
    this.node.querySelector('button')?.focus();
  }

  private _toolbar(title: string): HTMLElement {
    const bar = document.createElement('div');
    bar.className = 'jp-agent-proposal-bar';
    const text = document.createElement('span');
    text.textContent = title;
    const __ = this._translation.__.bind(this._translation);
    bar.append(
      text,
      this._button(__('Accept'), 'accept', __('Make this edit')),
      this._button(__('Reject'), 'reject', __('Do not make this edit'))
    );
    if (this._edit.mayStand) {
      const hint = this._edit.runs
        ? __('Make this edit, run the cell, and allow edits and running code in this conversation; what reaches beyond the kernel needs approval every time')
        : __('Make this edit and all others in this conversation; what loads something remote needs approval every time');
      bar.append(this._button(__('Accept all'), 'accept-all', hint));
    }
    return bar;
  }

  private _reasons(): HTMLElement[] {
    const { reasons = [] } = this._edit;
    if (reasons.length === 0) {
      return [];
    }
    const list = document.createElement('ul');
    list.className = 'jp-agent-reasons';
    list.setAttribute('aria-label', this._translation.__('Needs approval every time:'));
    for (const { text, more } of reasons) {
      const item = document.createElement('li');
      item.textContent = withHiddenShown(text);
      if (more.length > 0) {
        const all = document.createElement('details');
        all.append(document.createElement('summary'), document.createElement('pre'));
        all.children[0].textContent = this._translation.__('All of it');
        all.children[1].textContent = withHiddenShown(more.join('\n'));
        item.append(all);
      }
      list.append(item);
    }
    return [list];
  }

  private _button(label: string, decision: ProposalDecision, hint: string): HTMLElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.title = hint;
    button.onclick = () => this._onDecide(decision);
    return button;
  }
}

function diffOf({ before, source }: IProposedEdit, translation: TranslationBundle): HTMLElement[] {
  if (source === null) {
    return [];
  }
  const view = document.createElement('pre');
  view.tabIndex = 0;
  view.dir = 'ltr';
  for (const line of diffLines(before, source)) {
    view.append(lineElement(line, translation));
  }
  return [view];
}

function lineElement({ kind, text }: ILine, translation: TranslationBundle): HTMLElement {
  const element = document.createElement(kind === 'removed' ? 'del' : kind === 'added' ? 'ins' : 'span');
  if (kind !== 'unchanged') {
    const label = kind === 'removed' ? translation.__('removed line') : translation.__('added line');
    element.setAttribute('aria-label', `${label}: ${text}`);
  }
  element.textContent = `${SIGNS[kind]} ${withHiddenShown(text)}\n`;
  return element;
}
