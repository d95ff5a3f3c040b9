// Messages for the user about failed requests.

import type { TranslationBundle } from '@jupyterlab/translation';
import { ExtensionNotFoundError, NetworkError } from '../api/client';

export function errorMessage(error: unknown, translation: TranslationBundle): string {
  if (error instanceof NetworkError) {
    return translation.__('The Jupyter server does not answer. Your question is kept; try again when the server is running.');
  }
  if (error instanceof ExtensionNotFoundError) {
    return translation.__(
      'The server part of jupyter-notebook-agent is not running. See the server’s log, or “jupyter server extension list”.'
    );
  }
  return error instanceof Error ? error.message : String(error);
}
