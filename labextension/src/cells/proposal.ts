// A proposed edit, shown at the cell that it is about: the difference, and the user's word.

import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { withHiddenShown } from '../components/sanitize';
import { diffLines, type ILine } from './lineDiff';

/** An edit by the agent's tool; `offer` is code that an answer showed. */
export interface IProposed {
  tool: string;
  arguments: Record<string, unknown>;
}

export type Answer = 'accept' | 'reject' | 'accept-all';

const SIGNS: Record<ILine['kind'], string> = { same: ' ', gone: '-', new: '+' };

export class Proposal extends Widget {
  constructor(
    private readonly _proposed: IProposed,
    source: string,
    private readonly _translation: TranslationBundle,
    private readonly _answer: (answer: Answer) => void
  ) {
    super();
    this.addClass('jp-agent-proposal');
    const words = title(_proposed.tool, _translation);
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', words);
    this.node.append(this._bar(words), ...difference(_proposed, source, _translation));
    // Keys typed here are for these buttons, not for the notebook.
    this.node.dataset.lmSuppressShortcuts = 'true';
    this.node.addEventListener('keydown', event => event.stopPropagation());
  }

  /** Bring the keyboard to the first answer. */
  focus(): void {
    this.node.querySelector('button')?.focus();
  }

  private _bar(words: string): HTMLElement {
    const bar = document.createElement('div');
    bar.className = 'jp-agent-proposal-bar';
    const text = document.createElement('span');
    text.textContent = words;
    const __ = this._translation.__.bind(this._translation);
    bar.append(
      text,
      this._button(__('Accept'), 'accept', __('Make this edit')),
      this._button(__('Reject'), 'reject', __('Leave the notebook as it is'))
    );
    if (this._proposed.tool !== 'offer') {
      const all = __('Make this edit and the others of its kind in this conversation');
      bar.append(this._button(__('Accept all'), 'accept-all', all));
    }
    return bar;
  }

  private _button(label: string, answer: Answer, hint: string): HTMLElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.title = hint;
    button.onclick = () => this._answer(answer);
    return button;
  }
}

function difference(part: IProposed, source: string, translation: TranslationBundle): HTMLElement[] {
  if (part.tool === 'move_cell') {
    return [];
  }
  const next = part.tool === 'delete_cell' ? '' : String(part.arguments.source ?? '');
  const view = document.createElement('pre');
  view.tabIndex = 0;
  view.dir = 'ltr';
  for (const line of diffLines(part.tool === 'insert_cell' ? '' : source, next)) {
    view.append(row(line, translation));
  }
  return [view];
}

function row({ kind, text }: ILine, translation: TranslationBundle): HTMLElement {
  const element = document.createElement(kind === 'gone' ? 'del' : kind === 'new' ? 'ins' : 'span');
  if (kind !== 'same') {
    const spoken = kind === 'gone' ? translation.__('removed line') : translation.__('added line');
    element.setAttribute('aria-label', `${spoken}: ${text}`);
  }
  element.textContent = `${SIGNS[kind]} ${withHiddenShown(text)}\n`;
  return element;
}

function title(tool: string, translation: TranslationBundle): string {
  switch (tool) {
    case 'insert_cell':
      return translation.__('The agent would like to insert this cell');
    case 'delete_cell':
      return translation.__('The agent would like to delete this cell');
    case 'move_cell':
      return translation.__('The agent would like to move this cell');
    case 'offer':
      return translation.__('The agent suggests this for the cell');
    default:
      return translation.__('The agent would like to change this cell');
  }
}
