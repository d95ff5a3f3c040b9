// The inline completion provider as far as JupyterLab needs it at start; disabled until the user enables it.

import type { CompletionHandler, IInlineCompletionContext, IInlineCompletionProvider } from '@jupyterlab/completer';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';

/** The model that completes names of the kernel without a network. */
const OFFLINE = 'offline';

export class AgentInlineProvider implements IInlineCompletionProvider {
  readonly identifier = 'jupyter-agent';
  readonly name: string;
  readonly schema;
  private _model = OFFLINE;

  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _settings: ServerConnection.ISettings,
    translation: TranslationBundle
  ) {
    this.name = translation.__('Agent');
    this.schema = {
      default: { enabled: false, debouncerDelay: 120, timeout: 10_000, model: OFFLINE },
      properties: {
        model: {
          title: translation.__('Model'),
          description: translation.__(
            'The model that completes code. “offline” completes names and columns of the live kernel immediately and sends nothing over the network. A fast model, such as a small local one, completes whole lines. Empty: the model that answers questions.'
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
    const notebook = this._notebooks.find(panel => panel === widget);
    if (!notebook || notebook.content.activeCell?.model.type !== 'code') {
      return { items: [] };
    }
    const { completeInline } = await import('./inlineCompletion');
    const insertText = await completeInline(notebook, request, this._model, this._settings);
    return { items: insertText ? [{ insertText }] : [] };
  }
}
