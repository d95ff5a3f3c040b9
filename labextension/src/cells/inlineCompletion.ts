// Text that could come next at the cursor, in grey until it is taken: JupyterLab asks for it and shows it.

import { Text } from '@jupyterlab/coreutils';
import type { CompletionHandler } from '@jupyterlab/completer';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ServerConnection } from '@jupyterlab/services';
import { Door, pathOf } from '../api/client';
import { notebookPath } from '../notebook/notebookContext';

/** As much of a cell as the server takes. */
const MOST_CHARACTERS = 100_000;

let asking: AbortController | null = null;

/** What could come next; empty where nothing is known, or the server does not say. */
export async function ghostText(
  notebook: NotebookPanel,
  { text, offset, mimeType }: CompletionHandler.IRequest,
  model: string,
  settings: ServerConnection.ISettings
): Promise<string> {
  asking?.abort(); // The user has typed on.
  const mine = (asking = new AbortController());
  const cursor = Text.charIndexToJsIndex(offset, text);
  const body = {
    prefix: text.slice(0, cursor).slice(-MOST_CHARACTERS),
    suffix: text.slice(cursor).slice(0, MOST_CHARACTERS),
    language: languageOf(notebook, mimeType),
    context: {
      notebook_id: notebookPath(notebook),
      kernel_id: notebook.sessionContext.session?.kernel?.id ?? null
    },
    model: model || null
  };
  try {
    const { completion } = await new Door(settings).send('POST', pathOf('complete'), body, {}, mine.signal);
    return mine.signal.aborted ? '' : String(completion);
  } catch {
    return ''; // Nobody asked for it: what goes wrong is no news.
  }
}

function languageOf(notebook: NotebookPanel, mimeType = ''): string {
  const metadata: any = notebook.content.model?.getMetadata('language_info');
  return /python/.test(mimeType) ? 'python' : String(metadata?.name ?? 'python').slice(0, 40);
}
