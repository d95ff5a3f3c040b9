// The provider of text at the cursor, as far as JupyterLab must know it from the start; off until the user turns it on.

import type { CompletionHandler, IInlineCompletionContext, IInlineCompletionProvider } from '@jupyterlab/completer';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';

/** The model that knows what lives in the kernel, answers at once, and sends nothing anywhere. */
const NAMES_ONLY = 'offline';

export class GhostProvider implements IInlineCompletionProvider {
  readonly identifier = 'jupyter-agent';
  readonly name: string;
  readonly schema;
  private _model = NAMES_ONLY;

  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _settings: ServerConnection.ISettings,
    translation: TranslationBundle
  ) {
    this.name = translation.__('Agent');
    this.schema = {
      default: { enabled: false, debouncerDelay: 120, timeout: 10_000, model: NAMES_ONLY },
      properties: {
        model: {
          title: translation.__('Model'),
          description: translation.__(
            'Which model completes. “offline” completes names and columns that live in the kernel, at once, and sends nothing anywhere. A fast model, such as a small local one, completes code. Empty: the one that answers questions.'
          ),
          type: 'string' as const
        }
      }
    };
  }

  configure({ model }: JSONObject): void {
    this._model = String(model ?? '').trim();
  }

  async fetch(request: CompletionHandler.IRequest, { widget }: IInlineCompletionContext) {
    const notebook = this._notebooks.find(one => one === widget);
    if (!notebook || notebook.content.activeCell?.model.type !== 'code') {
      return { items: [] };
    }
    const { ghostText } = await import('./inlineCompletion');
    const insertText = await ghostText(notebook, request, this._model, this._settings);
    return { items: insertText ? [{ insertText }] : [] };
  }
}
