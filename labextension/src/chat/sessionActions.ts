// Actions on a conversation as a whole, for the menu and the slash commands.

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { isNotFound } from '../api/client';
import type { ExportFormat } from '../api/sessions';
import type { SessionReply } from '../api/wire';
import { notebookPath } from '../notebook/notebookContext';
import { applyChanges } from '../notebook/changes';
import type { Conversation } from './conversation';

const MIME_TYPES: Record<ExportFormat, string> = {
  md: 'text/markdown',
  ipynb: 'application/x-ipynb+json',
  json: 'application/json'
};

/** Undo the last turn and its edits of cells. */
export function undo(conversation: Conversation, translation: TranslationBundle): Promise<void> {
  return undoOrRedo(conversation, 'undo', translation.__('The last question was undone.'), translation);
}

/** Redo the turn that was undone last, and its edits of cells. */
export function redo(conversation: Conversation, translation: TranslationBundle): Promise<void> {
  return undoOrRedo(conversation, 'redo', translation.__('The question was redone.'), translation);
}

async function undoOrRedo(
  conversation: Conversation,
  step: 'undo' | 'redo',
  done: string,
  translation: TranslationBundle
): Promise<void> {
  const { session, notebook, api } = conversation;
  if (!session || conversation.isAnswering) {
    return;
  }
  await conversation.attempt(async () => {
    const inPage = notebook !== null && notebookPath(notebook) === session.notebook_id;
    const { session_id, notebook_id } = session;
    const { changes, left, operation } = await api.sessions.beginUndo(step, session_id, notebook_id, inPage);
    let conflicts: readonly string[] = [];
    try {
      conflicts = inPage ? applyChanges(notebook, changes) : [];
    } catch (error) {
      // Not one that another page began: that may have changed cells.
      if (operation && !session.pending_undo) {
        await api.sessions.endUndo(step, session_id, notebook_id, operation, false);
      }
      throw error;
    }
    const skipped = new Set([...left, ...conflicts]).size;
    if (operation) {
      await api.sessions.endUndo(step, session_id, notebook_id, operation);
    }
    const restored = changes.length - (inPage ? conflicts.length : skipped);
    const messages = [done];
    if (restored > 0) {
      messages.push(translation._n('%1 cell was restored.', '%1 cells were restored.', restored));
    }
    if (skipped > 0) {
      messages.push(
        translation._n(
          '%1 cell was not restored, because it was changed since.',
          '%1 cells were not restored, because they were changed since.',
          skipped
        )
      );
    }
    await conversation.reload(messages.join(' '));
  });
}

/** Continue in a copy of the conversation. */
export async function branch(conversation: Conversation, translation: TranslationBundle): Promise<void> {
  const { session, api } = conversation;
  if (session) {
    await conversation.attempt(async () => {
      await conversation.show(await api.sessions.branch(session.session_id, session.notebook_id));
      conversation.notify(translation.__('This is a copy; the original conversation is not changed.'));
    });
  }
}

export async function rename(conversation: Conversation, title: string): Promise<void> {
  const { session, api } = conversation;
  if (session) {
    await conversation.attempt(async () => {
      await conversation.show(await api.sessions.rename(session.session_id, session.notebook_id, title));
    });
  }
}

/** Download the conversation as a file. */
export async function exportSession(conversation: Conversation, format: ExportFormat, name = ''): Promise<void> {
  const { session, api } = conversation;
  if (session) {
    await conversation.attempt(async () => {
      const text = await api.sessions.export(session.session_id, session.notebook_id, format);
      download(name || `${fileName(session.title)}.${format}`, text, MIME_TYPES[format]);
    });
  }
}

/** Ask whether a conversation shall be deleted. */
export async function confirmDeletion(translation: TranslationBundle): Promise<boolean> {
  const { button } = await showDialog({
    title: translation.__('Delete this conversation?'),
    body: translation.__('It can be restored for a while: the sidebar says how and until when. The notebook is not changed.'),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: translation.__('Delete') })]
  });
  return button.accept;
}

/** Delete a stored conversation; if it is the one that is shown, a new one is started. */
export async function remove(conversation: Conversation, session: SessionReply, translation: TranslationBundle): Promise<void> {
  const { session_id, notebook_id } = session;
  const { api, session: current } = conversation;
  if (current?.session_id === session_id && current.notebook_id === notebook_id) {
    conversation.startNew();
  }
  await conversation.attempt(async () => {
    try {
      const { restorable_until: until } = await api.sessions.delete(session_id, notebook_id);
      conversation.deletedId = session_id;
      conversation.notify(
        until
          ? translation.__('Deleted. Until %1, /restore %2 brings it back.', until.slice(0, 10), session_id)
          : translation.__('The conversation was deleted for good.')
      );
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
    }
  });
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
