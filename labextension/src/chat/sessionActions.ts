// What the user does to a conversation as a whole, from the menu and by slash commands.

import type { TranslationBundle } from '@jupyterlab/translation';
import { restoreChanges } from '../notebook/restore';
import type { Conversation } from './conversation';
import { notebookPath } from '../notebook/notebookContext';
import type { ExportFormat } from '../api/sessions';
import { isGone } from './errorMessages';

const TYPES: Record<ExportFormat, string> = {
  md: 'text/markdown',
  ipynb: 'application/x-ipynb+json',
  json: 'application/json'
};

/** Take the last turn back, or bring it again; the cells it changed go along. */
export async function takeBack(
  conversation: Conversation,
  way: 'undo' | 'redo',
  translation: TranslationBundle
): Promise<boolean> {
  const { session, notebook, server } = conversation;
  if (!session || conversation.isAnswering) {
    return false;
  }
  return conversation.attempt(async () => {
    const byPage = notebook !== null && notebookPath(notebook) === session.notebook_id;
    const { changes, left } = await server.sessions.move(way, session.session_id, session.notebook_id, byPage);
    const others = byPage && notebook ? await restoreChanges(notebook, changes) : left;
    await conversation.reload(words(way, changes.length, others.length, translation));
  });
}

/** Go on in a copy of the conversation. */
export async function branch(conversation: Conversation, translation: TranslationBundle): Promise<void> {
  const { session, server } = conversation;
  if (session) {
    await conversation.attempt(async () => {
      await conversation.show(await server.sessions.branch(session.session_id, session.notebook_id));
      conversation.tell(translation.__('This is a copy; the old conversation stays as it is.'));
    });
  }
}

export async function rename(conversation: Conversation, title: string): Promise<void> {
  const { session, server } = conversation;
  if (session) {
    await conversation.attempt(async () => {
      await conversation.show(await server.sessions.rename(session.session_id, session.notebook_id, title));
    });
  }
}

/** Have the browser save the conversation as a file. */
export async function save(conversation: Conversation, format: ExportFormat, name = ''): Promise<void> {
  const { session, server } = conversation;
  if (session) {
    await conversation.attempt(async () => {
      const text = await server.sessions.export(session.session_id, session.notebook_id, format);
      download(name || `${fileName(session.title)}.${format}`, text, TYPES[format]);
    });
  }
}

/** Remove the conversation for good and begin a new one. */
export async function remove(conversation: Conversation): Promise<void> {
  const { session, server } = conversation;
  conversation.startNew();
  if (session) {
    await conversation.attempt(async () => {
      try {
        await server.sessions.clear(session.session_id, session.notebook_id);
      } catch (error) {
        if (!isGone(error)) {
          throw error;
        }
      }
    });
  }
}

function words(way: 'undo' | 'redo', changed: number, left: number, translation: TranslationBundle): string {
  const done =
    way === 'undo' ? translation.__('The last question was taken back.') : translation.__('The question was brought back.');
  const restored = changed - left;
  const cells = restored > 0 ? ` ${translation._n('%1 cell was restored.', '%1 cells were restored.', restored)}` : '';
  const kept =
    left > 0
      ? ` ${translation._n('%1 cell was changed since and stays as it is.', '%1 cells were changed since and stay as they are.', left)}`
      : '';
  return done + cells + kept;
}

function fileName(title: string): string {
  return title.replace(/[^\p{L}\p{N} _.-]+/gu, ' ').trim().slice(0, 60) || 'conversation';
}

function download(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address));
}
