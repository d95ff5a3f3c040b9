// The input below a cell for an edit instruction: its answer is proposed at the cell.

import type { Cell } from '@jupyterlab/cells';
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { CellActions } from './cellActions';
import { focusCell, placeInCell } from './cellPlacement';

const PROMPT_CLASS = 'jp-agent-prompt';
/** Longer answers are shown in the sidebar. */
const MAX_CHARACTERS = 600;

interface IPromptBoxOptions {
  /** Loaded with the panel; the user can type meanwhile. */
  cellActions: Promise<CellActions>;
  notebook: NotebookPanel;
  translation: TranslationBundle;
  openSidebar: () => void;
}

export class PromptBox extends Widget {
  private _input = document.createElement('textarea');
  private _buttons = document.createElement('div');
  private _status = document.createElement('div');
  private _isAsking = false;
  /** The notebook's mode before: clicks in the box end the edit mode, and closing the box restores it. */
  private readonly _mode: Notebook['mode'];

  constructor(
    private readonly _cell: Cell,
    private readonly _options: IPromptBoxOptions
  ) {
    super();
    this.addClass(PROMPT_CLASS);
    this._mode = _options.notebook.content.mode;
    const { translation } = _options;
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
    // Its style sheet is loaded with the panel.
    this.node.style.opacity = '0';
    void _options.cellActions.finally(() => (this.node.style.opacity = ''));
  }

  /** Open the box of a cell, or focus it where it is open. */
  static open(cell: Cell, options: IPromptBoxOptions): void {
    const existing = Array.from(cell.children()).find(widget => widget instanceof PromptBox) as PromptBox | undefined;
    const box = existing ?? new PromptBox(cell, options);
    if (!existing) {
      placeInCell(box, cell, 'code');
    }
    box._input.focus();
    box.node.scrollIntoView({ block: 'nearest' });
  }

  private _prepareInput(): void {
    const { translation } = this._options;
    const isEmpty = !this._cell.model.sharedModel.getSource().trim();
    this._input.rows = 1;
    this._input.placeholder = isEmpty
      ? translation.__('What should this cell do?')
      : translation.__('What should change in this cell?');
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
      this._close();
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
    const { cellActions, notebook, translation } = this._options;
    this._setAsking(true);
    this._showStatus(translation.__('The agent is answering…'));
    await (await cellActions).edit(notebook, this._cell, instruction, {
      onProposal: () => this._close(),
      onApprovalRequested: () => this._showStatus(translation.__('The agent asks for your approval in the sidebar.')),
      onText: text => this._showAnswer(text)
    });
  }

  private _showAnswer(text: string): void {
    if (!this.isDisposed) {
      const { openSidebar, translation } = this._options;
      this._setAsking(false);
      this._showStatus(text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text);
      this._buttons.lastChild!.before(this._button(translation.__('Show in the sidebar'), openSidebar));
      this._input.focus();
    }
  }

  private _showStatus(text: string): void {
    this._status.textContent = text;
  }

  private _setAsking(isAsking: boolean): void {
    this._isAsking = isAsking;
    this._input.readOnly = isAsking;
    this._showButtons();
  }

  private _showButtons(): void {
    const { translation, cellActions, notebook } = this._options;
    const send = this._isAsking
      ? this._button(translation.__('Stop'), () => void cellActions.then(actions => actions.stop(notebook)))
      : this._button(translation.__('Send'), () => void this._send());
    this._buttons.replaceChildren(send, this._button(translation.__('Close'), () => this._close()));
  }

  private _button(label: string, onClick: () => void): HTMLElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.onclick = onClick;
    return button;
  }

  /** Close; an answer that is being written continues in the sidebar. */
  private _close(): void {
    if (this.isDisposed) {
      return;
    }
    const hadFocus = this.node.contains(document.activeElement);
    this.dispose();
    if (hadFocus && !this._cell.isDisposed) {
      focusCell(this._options.notebook.content, this._cell, this._mode);
    }
  }
}
