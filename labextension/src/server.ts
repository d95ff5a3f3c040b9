// What the panel asks of the server, over HTTP.

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { AgentEvent } from './events';
import type { ICell, INotebookContext } from './notebook';
import { readEvents } from './sse';

/** The server said no, in words meant for the user. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string
  ) {
    super(message);
  }
}

/** The server could not be reached at all. */
export class Unreachable extends Error {}

/** The server has no such path: our extension of it is not running. */
export class NoExtension extends Error {}

/** One entry of a stored conversation. */
export interface IEntry {
  role: string;
  content: string;
  turn_id?: string;
  status?: string;
  error?: string | null;
  model?: string;
}

/** One thing in a notebook that is not as it looks; the first cell is the one that it is about. */
export interface IFinding {
  kind: string;
  reason: string;
  cells: string[];
  names: string[];
}

/** What the doctor says of a notebook, as far as it is shown. */
export interface IReport {
  findings: IFinding[];
  labels: Record<string, string>;
}

export interface IQuestion {
  query: string;
  context: INotebookContext;
}

export type Decision = 'approve' | 'deny';

export class AgentServer {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /**
   * Ask, and yield the events of the turn as they come.
   *
   * @throws Refusal, Unreachable; an AbortError when the signal says so.
   */
  async *ask(question: IQuestion, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    const response = await this._fetch('api/agent/quick', {
      method: 'POST',
      headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...question, stream: true }),
      signal
    });
    const kind = response.headers.get('Content-Type') ?? '';
    if (!response.body || !kind.startsWith('text/event-stream')) {
      throw new Refusal('The server answered with something else than an answer.', response.status, 'unexpected');
    }
    for await (const { event, data } of readEvents(response.body)) {
      yield { ...JSON.parse(data), event } as AgentEvent;
    }
  }

  /** Id of a notebook's newest conversation; null where there is none. */
  async newest(notebookId: string): Promise<string | null> {
    const query = URLExt.objectToQueryString({ notebook_id: notebookId, limit: 1 });
    const page = await this._json(`api/agent/sessions${query}`);
    const sessions = Array.isArray(page) ? page : page?.sessions;
    const id: unknown = sessions?.[0]?.session_id;
    return typeof id === 'string' ? id : null;
  }

  /** The last entries of a conversation, oldest first. */
  async history(sessionId: string, notebookId: string): Promise<IEntry[]> {
    const query = URLExt.objectToQueryString({ max_turns: 50, notebook_id: notebookId });
    const page = await this._json(`api/agent/sessions/${encodeURIComponent(sessionId)}/history${query}`);
    return Array.isArray(page?.history) ? page.history : [];
  }

  /** Remove a conversation for good. */
  async clear(sessionId: string, notebookId: string): Promise<void> {
    const query = URLExt.objectToQueryString({ notebook_id: notebookId });
    await this._fetch(`api/agent/sessions/${encodeURIComponent(sessionId)}${query}`, { method: 'DELETE' });
  }

  /** Examine a notebook as it is in the page. */
  async examine(notebookId: string, kernelId: string, cells: readonly ICell[]): Promise<IReport> {
    const response = await this._fetch('api/agent/doctor', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ notebook_id: notebookId, kernel_id: kernelId, cells })
    });
    return response.json();
  }

  /** Answer an approval; the digest says what exactly was approved. */
  async decide(turnId: string, callId: string, decision: Decision, digest: string): Promise<void> {
    const path = `api/agent/turns/${encodeURIComponent(turnId)}/actions/${encodeURIComponent(callId)}`;
    await this._fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ decision, digest })
    });
  }

  private async _json(path: string): Promise<any> {
    return (await this._fetch(path, { method: 'GET' })).json();
  }

  private async _fetch(path: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this._settings.baseUrl, path);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      throw error instanceof ServerConnection.NetworkError ? new Unreachable(error.message) : error;
    }
    if (!response.ok) {
      throw await refusal(response);
    }
    return response;
  }
}

async function refusal(response: Response): Promise<Error> {
  const said: any = await response.json().catch(() => null);
  if (response.status === 404 && !said?.code) {
    return new NoExtension();
  }
  const message = typeof said?.message === 'string' && said.message ? said.message : response.statusText;
  return new Refusal(message, response.status, String(said?.code ?? ''));
}
