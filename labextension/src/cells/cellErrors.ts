// Cells whose last output is an error, and the button below the error.

import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';

/** What an error is, and as what it is drawn; streams of errors are drawn so, too. */
const ERROR = 'application/vnd.jupyter.error';
const DRAWN = 'application/vnd.jupyter.stderr';
/** Here, and not in a style sheet: that comes with the panel only. */
const LOOK =
  'margin: 4px 0 4px var(--jp-code-padding); min-height: 24px; padding: 2px 12px; cursor: pointer; border-radius: 4px; ' +
  'border: 1px solid var(--jp-border-color1); background: var(--jp-layout-color2); color: var(--jp-ui-font-color1); ' +
  'font-family: var(--jp-ui-font-family); font-size: var(--jp-ui-font-size1)';

/** How %agent in a cell ends without an answer: there is no code to be mended. */
const OURS = new Set(['AgentFailed', 'Stopped']);

/** Whether a cell ended with an error. */
export function failed({ model }: Cell): boolean {
  const { outputs } = model as ICodeCellModel;
  const last = model.type === 'code' && outputs.length > 0 ? outputs.get(outputs.length - 1) : null;
  return last?.type === 'error' && !OURS.has(String(last.toJSON().ename));
}

/** Have errors in notebooks drawn with a button below them; however they are drawn otherwise stays. */
export function offerFixes(
  rendermime: IRenderMimeRegistry,
  notebooks: INotebookTracker,
  translation: TranslationBundle,
  fix: () => void
): void {
  const drawn = rendermime.getFactory(DRAWN);
  if (!drawn || rendermime.getFactory(ERROR)) {
    return;
  }
  const asked = (node: HTMLElement) => {
    const notebook = notebooks.currentWidget?.content;
    const index = notebook?.widgets.findIndex(one => one.node.contains(node)) ?? -1;
    if (notebook && index >= 0) {
      notebook.activeCellIndex = index;
      fix();
    }
  };
  rendermime.addFactory({
    safe: drawn.safe,
    mimeTypes: [ERROR],
    defaultRank: (drawn.defaultRank ?? 100) - 1,
    createRenderer: options =>
      new ErrorWithFix(drawn.createRenderer({ ...options, mimeType: DRAWN }), translation, asked)
  });
}

class ErrorWithFix extends Panel implements IRenderMime.IRenderer {
  private _isOurs = false;

  constructor(
    private readonly _error: IRenderMime.IRenderer,
    private readonly _translation: TranslationBundle,
    private readonly _asked: (node: HTMLElement) => void
  ) {
    super();
    this.node.dataset.mimeType = ERROR;
    this.addWidget(_error);
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._isOurs = OURS.has(String((model.data[ERROR] as any)?.ename));
    return this._error.renderModel(model);
  }

  protected override onAfterAttach(): void {
    if (!this._isOurs && this.widgets.length === 1 && this.node.closest('.jp-Notebook .jp-CodeCell')) {
      this.addWidget(new Widget({ node: this._bar() }));
    }
  }

  private _bar(): HTMLElement {
    const bar = document.createElement('div');
    const button = document.createElement('button');
    bar.className = 'jp-agent-fix';
    button.style.cssText = LOOK;
    button.type = 'button';
    button.textContent = this._translation.__('Fix');
    button.title = this._translation.__('Ask the agent what went wrong, and for the corrected cell');
    button.setAttribute('aria-label', this._translation.__('Fix this error with the agent'));
    // Enter and Space are for this button, not for the notebook.
    button.dataset.lmSuppressShortcuts = 'true';
    button.onclick = () => this._asked(this.node);
    bar.append(button);
    return bar;
  }
}
