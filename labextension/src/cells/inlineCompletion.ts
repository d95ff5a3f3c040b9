// Requests inline completions, which JupyterLab shows as ghost text.

import type { CompletionHandler } from '@jupyterlab/completer';
import { Text } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ServerConnection } from '@jupyterlab/services';
import { AgentClient } from '../api/client';
import { CompletionApi } from '../api/completion';
import { notebookLanguage, notebookPath } from '../notebook/notebookContext';

/** Limit of the server for each side of the cursor. */
const MAX_CHARACTERS = 100_000;

let pending: AbortController | null = null;

/** Text to insert at the cursor; empty where nothing is known, or the server does not answer. */
export async function completeInline(
  notebook: NotebookPanel,
  { text, offset, mimeType }: CompletionHandler.IRequest,
  model: string,
  settings: ServerConnection.ISettings
): Promise<string> {
  pending?.abort(); // The user has typed more.
  const controller = (pending = new AbortController());
  const cursor = Text.charIndexToJsIndex(offset, text);
  const completionRequest = {
    prefix: text.slice(0, cursor).slice(-MAX_CHARACTERS),
    suffix: text.slice(cursor).slice(0, MAX_CHARACTERS),
    language: /python/.test(mimeType ?? '') ? 'python' : notebookLanguage(notebook).slice(0, 40),
    context: {
      notebook_id: notebookPath(notebook),
      kernel_id: notebook.sessionContext.session?.kernel?.id ?? null
    },
    model: model || null
  };
  try {
    const api = new CompletionApi(new AgentClient(settings));
    const completion = await api.complete(completionRequest, controller.signal);
    return controller.signal.aborted ? '' : completion;
  } catch {
    return ''; // The user did not ask for it, so an error is not shown.
  }
}
