// Stored conversations on the server: lists, history, the tree of turns, and what may be done with one.

import type { IChange } from '../notebook/notebookCells';
import type { Effect } from './events';
import { type Door, pathOf } from './client';

/** A conversation in short. */
export interface ISession {
  session_id: string;
  notebook_id: string;
  title: string;
  turn_count: number;
  last_activity: string;
  head: string | null;
  /** The turn that is being answered. */
  running?: { turn_id: string; question: string } | null;
}

/** What was said or done on the way to an answer. */
export type IStep =
  | { text: string }
  | {
      call_id: string;
      tool: string;
      effect: Effect;
      status: string;
      arguments: Record<string, unknown>;
      content: string;
    };

/** One entry of a stored conversation. */
export interface IEntry {
  role: string;
  content: string;
  turn_id?: string;
  parent?: string | null;
  status?: string;
  error?: string | null;
  model?: string;
  finish_reason?: string | null;
  steps?: IStep[];
  usage?: { input_tokens: number; output_tokens: number };
  seconds?: number;
}

/** A turn's place in the tree. */
export interface ITurn {
  turn_id: string;
  parent: string | null;
  question: string;
  status: string;
  model: string;
  created_at: string;
}

export interface ITree {
  head: string | null;
  can_redo: boolean;
  turns: ITurn[];
}

/** What undo and redo have the notebook's page do: cells as they are to be, in order. */
export interface IRestoring {
  changes: IChange[];
  left: string[];
}

export interface IPage {
  sessions: ISession[];
  cursor: string | null;
}

export type ExportFormat = 'md' | 'ipynb' | 'json';

export class Sessions {
  constructor(private readonly _door: Door) {}

  /** Conversations of one notebook, or of all (null), newest activity first. */
  async find(notebookId: string | null, text = '', cursor: string | null = null, limit = 30): Promise<IPage> {
    const found = await this._door.get(pathOf('sessions'), {
      notebook_id: notebookId,
      q: text || null,
      limit,
      cursor
    });
    return { sessions: Array.isArray(found?.sessions) ? found.sessions : [], cursor: found?.cursor ?? null };
  }

  async get(id: string, notebookId: string): Promise<ISession> {
    return this._door.get(pathOf('sessions', id), { notebook_id: notebookId });
  }

  /** The last entries, oldest first; a question and its answer are two. */
  async history(id: string, notebookId: string, entries: number): Promise<IEntry[]> {
    const page = await this._door.get(pathOf('sessions', id, 'history'), {
      max_turns: entries,
      notebook_id: notebookId
    });
    return Array.isArray(page?.history) ? page.history : [];
  }

  async tree(id: string, notebookId: string): Promise<ITree> {
    return this._door.get(pathOf('sessions', id, 'turns'), { notebook_id: notebookId });
  }

  /** Make a turn of any branch the last one; null: none. */
  async go(id: string, notebookId: string, turnId: string | null): Promise<ISession> {
    return this._post(id, 'go', notebookId, { turn_id: turnId });
  }

  /** Take the last turn back, or bring it again; the page restores the cells of its notebook itself. */
  async move(way: 'undo' | 'redo', id: string, notebookId: string, byPage: boolean): Promise<IRestoring> {
    const told = await this._post(id, way, notebookId, { edits: byPage ? 'client' : 'server' });
    return { changes: told?.edits?.changes ?? [], left: told?.edits?.left ?? [] };
  }

  /** A conversation of its own with everything up to a turn. */
  async branch(id: string, notebookId: string): Promise<ISession> {
    return this._post(id, 'branch', notebookId, {});
  }

  /** A secret with which others of this server may read it, or copy it. */
  async share(id: string, notebookId: string, mode: string): Promise<{ secret: string }> {
    return this._post(id, 'share', notebookId, { mode });
  }

  async unshare(id: string, notebookId: string): Promise<{ revoked: number }> {
    return this._door.send('DELETE', pathOf('sessions', id, 'share'), undefined, { notebook_id: notebookId });
  }

  /** Ask all questions again, in a new conversation. */
  async replay(id: string, notebookId: string, model: string): Promise<{ session: ISession; stopped: string }> {
    return this._post(id, 'replay', notebookId, model ? { model } : {});
  }

  async rename(id: string, notebookId: string, title: string): Promise<ISession> {
    return this._door.send('PATCH', pathOf('sessions', id), { title }, { notebook_id: notebookId });
  }

  async export(id: string, notebookId: string, format: ExportFormat): Promise<string> {
    return this._door.text(pathOf('sessions', id, 'export'), { format, notebook_id: notebookId });
  }

  /** Remove a conversation for good. */
  async clear(id: string, notebookId: string): Promise<void> {
    await this._door.send('DELETE', pathOf('sessions', id), undefined, { notebook_id: notebookId });
  }

  private _post(id: string, what: string, notebookId: string, body: unknown): Promise<any> {
    return this._door.send('POST', pathOf('sessions', id, what), body, { notebook_id: notebookId });
  }
}
