// Stored conversations on the server: lists, history, the tree of turns, undo, branches, sharing, export.

import { type AgentClient, pathOf } from './client';
import type {
  ClearedReply,
  HistoryEntry,
  NotebookEdits,
  ReplayReply,
  SessionListReply,
  SessionReply,
  ShareReply,
  TurnsReply,
  UnshareReply
} from './wire';

/** The edits of an undo or redo that the notebook's page makes and then confirms, and cells that were left as they are. */
export type UndoResult = Pick<NotebookEdits, 'changes' | 'left' | 'operation'>;

export type ExportFormat = 'md' | 'ipynb' | 'json';

export class SessionsApi {
  constructor(private readonly _client: AgentClient) {}

  /** Conversations of one notebook, or of all (null), newest activity first. */
  async find(notebookId: string | null, text = '', cursor: string | null = null, limit = 30): Promise<SessionListReply> {
    const found = await this._client.get(pathOf('sessions'), {
      notebook_id: notebookId,
      q: text || null,
      limit,
      cursor
    });
    const { sessions, cursor: next = null, default_session = null } = found ?? {};
    return { sessions: Array.isArray(sessions) ? sessions : [], cursor: next, default_session };
  }

  /** The conversation that a question about a notebook continues which names none. */
  async findDefault(notebookId: string): Promise<SessionReply | null> {
    return (await this.find(notebookId, '', null, 1)).default_session;
  }

  async get(id: string, notebookId: string): Promise<SessionReply> {
    return this._client.get(pathOf('sessions', id), { notebook_id: notebookId });
  }

  /** The last entries, oldest first; a question and its answer are two. */
  async history(id: string, notebookId: string, entries: number): Promise<HistoryEntry[]> {
    const page = await this._client.get(pathOf('sessions', id, 'history'), {
      max_turns: entries,
      pictures: 1,
      notebook_id: notebookId
    });
    return Array.isArray(page?.history) ? page.history : [];
  }

  async tree(id: string, notebookId: string): Promise<TurnsReply> {
    return this._client.get(pathOf('sessions', id, 'turns'), { notebook_id: notebookId });
  }

  /** Make a turn of any branch the head; null: no turn. */
  async moveHead(id: string, notebookId: string, turnId: string | null): Promise<SessionReply> {
    return this._post(id, 'go', notebookId, { turn_id: turnId });
  }

  /** Undo or redo a turn; `inPage`: the page changes the cells of its notebook itself, and then ends it. */
  async beginUndo(step: 'undo' | 'redo', id: string, notebookId: string, inPage: boolean): Promise<UndoResult> {
    const result = await this._post(id, step, notebookId, { edits: inPage ? 'client' : 'server' });
    const { changes = [], left = [], operation } = result?.edits ?? {};
    return { changes, left, operation };
  }

  /** Finish an undo or redo whose changes the page has made; cancel one of whose changes it has made none. */
  async endUndo(step: 'undo' | 'redo', id: string, notebookId: string, operation: string, isApplied = true): Promise<void> {
    await this._post(id, step, notebookId, isApplied ? { operation } : { operation, cancel: true });
  }

  /** Copy the conversation into a new one. */
  async branch(id: string, notebookId: string): Promise<SessionReply> {
    return this._post(id, 'branch', notebookId, {});
  }

  /** Create a secret with which other users of this server may read it, or copy it. */
  async share(id: string, notebookId: string, mode: string): Promise<ShareReply> {
    return this._post(id, 'share', notebookId, { mode });
  }

  async unshare(id: string, notebookId: string): Promise<UnshareReply> {
    return this._client.send('DELETE', pathOf('sessions', id, 'share'), undefined, { notebook_id: notebookId });
  }

  /** Ask all questions again, in a new conversation. */
  async replay(id: string, notebookId: string, model: string): Promise<ReplayReply> {
    return this._post(id, 'replay', notebookId, model ? { model } : {});
  }

  async rename(id: string, notebookId: string, title: string): Promise<SessionReply> {
    return this._client.send('PATCH', pathOf('sessions', id), { title }, { notebook_id: notebookId });
  }

  async export(id: string, notebookId: string, format: ExportFormat): Promise<string> {
    return this._client.getText(pathOf('sessions', id, 'export'), { format, notebook_id: notebookId });
  }

  /** Delete a conversation; for some time it can be restored. */
  async delete(id: string, notebookId: string): Promise<ClearedReply> {
    return this._client.send('DELETE', pathOf('sessions', id), undefined, { notebook_id: notebookId });
  }

  /** Take a deletion back. */
  async restore(id: string): Promise<SessionReply> {
    return this._client.send('POST', pathOf('sessions', id, 'restore'));
  }

  private _post(id: string, action: string, notebookId: string, body: unknown): Promise<any> {
    return this._client.send('POST', pathOf('sessions', id, action), body, { notebook_id: notebookId });
  }
}
