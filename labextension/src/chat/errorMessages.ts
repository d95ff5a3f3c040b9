// Errors in words for the user.

import type { TranslationBundle } from '@jupyterlab/translation';
import { NoExtension, Refusal, Unreachable } from '../api/client';

export function wordsFor(error: unknown, translation: TranslationBundle): string {
  if (error instanceof Unreachable) {
    return translation.__('The Jupyter server does not answer. Your question is kept; try again when it is back.');
  }
  if (error instanceof NoExtension) {
    return translation.__(
      'The server part of jupyter-notebook-agent is not running. See the server’s log, or “jupyter server extension list”.'
    );
  }
  return error instanceof Error ? error.message : String(error);
}

/** Whether a refusal says that the thing is gone. */
export function isGone(error: unknown): boolean {
  return error instanceof Refusal && error.status === 404;
}
