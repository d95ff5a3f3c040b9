// Errors of cells, and the Fix button below them.

import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';

/** MIME type of an error, and the one whose renderer shows it. */
const ERROR = 'application/vnd.jupyter.error';
const STDERR = 'application/vnd.jupyter.stderr';
/** Not in a style sheet, because those are loaded with the panel. */
const BUTTON_STYLE =
  'margin: 4px 0 4px var(--jp-code-padding); min-height: 24px; padding: 2px 12px; cursor: pointer; border-radius: 4px; ' +
  'border: 1px solid var(--jp-border-color1); background: var(--jp-layout-color2); color: var(--jp-ui-font-color1); ' +
  'font-family: var(--jp-ui-font-family); font-size: var(--jp-ui-font-size1)';

/** Exceptions with which %agent ends without an answer: there is no code to be fixed. */
const AGENT_ERRORS = new Set(['AgentFailed', 'Stopped']);

/** Whether the last output of a cell is an error. */
export function hasError({ model }: Cell): boolean {
  const { outputs } = model as ICodeCellModel;
  const last = model.type === 'code' && outputs.length > 0 ? outputs.get(outputs.length - 1) : null;
  return last?.type === 'error' && !AGENT_ERRORS.has(String(last.toJSON().ename));
}

/** Add a Fix button below errors in notebooks; the errors themselves are rendered as before. */
export function addFixButtons(
  rendermime: IRenderMimeRegistry,
  notebooks: INotebookTracker,
  translation: TranslationBundle,
  fix: () => void
): void {
  const factory = rendermime.getFactory(STDERR);
  if (!factory || rendermime.getFactory(ERROR)) {
    return;
  }
  const onClick = (node: HTMLElement) => {
    const notebook = notebooks.currentWidget?.content;
    const index = notebook?.widgets.findIndex(cell => cell.node.contains(node)) ?? -1;
    if (notebook && index >= 0) {
      notebook.activeCellIndex = index;
      fix();
    }
  };
  rendermime.addFactory({
    safe: factory.safe,
    mimeTypes: [ERROR],
    defaultRank: (factory.defaultRank ?? 100) - 1,
    createRenderer: options =>
      new ErrorWithFix(factory.createRenderer({ ...options, mimeType: STDERR }), translation, onClick)
  });
}

class ErrorWithFix extends Panel implements IRenderMime.IRenderer {
  private _isAgentError = false;

  constructor(
    private readonly _error: IRenderMime.IRenderer,
    private readonly _translation: TranslationBundle,
    private readonly _onClick: (node: HTMLElement) => void
  ) {
    super();
    this.node.dataset.mimeType = ERROR;
    this.addWidget(_error);
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._isAgentError = AGENT_ERRORS.has(String((model.data[ERROR] as any)?.ename));
    return this._error.renderModel(model);
  }

  protected override onAfterAttach(): void {
    if (!this._isAgentError && this.widgets.length === 1 && this.node.closest('.jp-Notebook .jp-CodeCell')) {
      this.addWidget(new Widget({ node: this._bar() }));
    }
  }

  private _bar(): HTMLElement {
    const bar = document.createElement('div');
    const button = document.createElement('button');
    bar.className = 'jp-agent-fix';
    button.style.cssText = BUTTON_STYLE;
    button.type = 'button';
    button.textContent = this._translation.__('Fix');
    button.title = this._translation.__('Ask the agent what went wrong, and for the corrected cell');
    button.setAttribute('aria-label', this._translation.__('Fix this error with the agent'));
    // Enter and Space are for this button, not for the notebook.
    button.dataset.lmSuppressShortcuts = 'true';
    button.onclick = () => this._onClick(this.node);
    bar.append(button);
    return bar;
  }
}
