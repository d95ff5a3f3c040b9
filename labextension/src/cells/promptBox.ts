// A small input below a cell: what is typed there is asked about the cell, and the answer comes to the cell.

import type { Cell } from '@jupyterlab/cells';
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { CellDesk } from './cellActions';
import { focus, place } from './cellPlacement';

const BOX = 'jp-agent-prompt';
const MOST_CHARACTERS = 600;

/** What becomes of an instruction. */
export interface IEditing {
  /** Something came to the cell. */
  came: () => void;
  /** The user's word is waited for elsewhere. */
  waits: () => void;
  /** Nothing came to the cell; what was said instead. */
  said: (text: string) => void;
}

interface IPromptBoxSurroundings {
  /** Comes with the panel; what is typed meanwhile is typed here. */
  desk: Promise<CellDesk>;
  notebook: NotebookPanel;
  translation: TranslationBundle;
  openSidebar: () => void;
}

export class PromptBox extends Widget {
  private _input = document.createElement('textarea');
  private _buttons = document.createElement('div');
  private _status = document.createElement('div');
  private _isAsking = false;
  /** Clicks in the box end the editing of the cell; whoever leaves the box goes on with it. */
  private readonly _mode: Notebook['mode'];

  constructor(
    private readonly _cell: Cell,
    private readonly _around: IPromptBoxSurroundings
  ) {
    super();
    this.addClass(BOX);
    this._mode = _around.notebook.content.mode;
    const { translation } = _around;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', translation.__('Tell the agent what to do in this cell'));
    // Keys typed here are for this box, not for the notebook.
    this.node.dataset.lmSuppressShortcuts = 'true';
    this.node.onkeydown = event => this._onKey(event);
    this._status.className = 'jp-agent-prompt-status';
    this._status.setAttribute('role', 'status');
    this._buttons.className = 'jp-agent-prompt-buttons';
    this._prepareInput();
    this.node.append(this._input, this._buttons, this._status);
    this._showButtons();
    // Its look comes with the panel.
    this.node.style.opacity = '0';
    void _around.desk.finally(() => (this.node.style.opacity = ''));
  }

  /** Open the box of a cell, or go to it where it is open. */
  static open(cell: Cell, around: IPromptBoxSurroundings): void {
    const open = Array.from(cell.children()).find(one => one instanceof PromptBox) as PromptBox | undefined;
    const box = open ?? new PromptBox(cell, around);
    if (!open) {
      place(box, cell, true);
    }
    box._input.focus();
    box.node.scrollIntoView({ block: 'nearest' });
  }

  private _prepareInput(): void {
    const { translation } = this._around;
    const isEmpty = !this._cell.model.sharedModel.getSource().trim();
    this._input.rows = 1;
    this._input.placeholder = isEmpty
      ? translation.__('What shall this cell do?')
      : translation.__('What shall be changed in this cell?');
    this._input.setAttribute('aria-label', translation.__('Instruction'));
    this._input.oninput = () => {
      this._input.style.height = 'auto';
      this._input.style.height = `${this._input.scrollHeight}px`;
    };
  }

  private _onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.isComposing) {
      return;
    }
    if (event.key === 'Escape') {
      event.preventDefault();
      this._leave();
    } else if (event.key === 'Enter' && !event.shiftKey && event.target === this._input) {
      event.preventDefault();
      void this._send();
    }
  }

  private async _send(): Promise<void> {
    const instruction = this._input.value.trim();
    if (!instruction || this._isAsking) {
      return;
    }
    const { desk, notebook, translation, openSidebar } = this._around;
    this._setAsking(true);
    this._say(translation.__('The agent is answering…'));
    await (await desk).edit(notebook, this._cell, instruction, {
      came: () => this._leave(),
      waits: () => this._say(translation.__('The agent asks for your approval, in the sidebar.')),
      said: text => this._answered(text, openSidebar)
    });
  }

  private _answered(text: string, openSidebar: () => void): void {
    if (!this.isDisposed) {
      this._setAsking(false);
      this._say(text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);
      this._buttons.lastChild!.before(this._button(this._around.translation.__('Show in the sidebar'), openSidebar));
      this._input.focus();
    }
  }

  private _say(text: string): void {
    this._status.textContent = text;
  }

  private _setAsking(isAsking: boolean): void {
    this._isAsking = isAsking;
    this._input.readOnly = isAsking;
    this._showButtons();
  }

  private _showButtons(): void {
    const { translation, desk, notebook } = this._around;
    const send = this._isAsking
      ? this._button(translation.__('Stop'), () => void desk.then(one => one.stop(notebook)))
      : this._button(translation.__('Send'), () => void this._send());
    this._buttons.replaceChildren(send, this._button(translation.__('Close'), () => this._leave()));
  }

  private _button(label: string, act: () => void): HTMLElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.onclick = act;
    return button;
  }

  /** Close; the answer, if one is being written, goes on in the sidebar. */
  private _leave(): void {
    if (this.isDisposed) {
      return;
    }
    const hadFocus = this.node.contains(document.activeElement);
    this.dispose();
    if (hadFocus && !this._cell.isDisposed) {
      focus(this._around.notebook.content, this._cell, this._mode);
    }
  }
}
