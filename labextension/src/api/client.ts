// Requests to our paths of the Jupyter server, and the ways in which they fail.

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { AgentEvent } from './events';
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

/** The server could not be reached, or the connection broke. */
export class Unreachable extends Error {}

/** The server has no such path: our extension of it is not running. */
export class NoExtension extends Error {}

/** An event with its number in its stream. */
export interface IStreamed {
  id: string;
  event: AgentEvent;
}

export type Parameters = Record<string, string | number | null | undefined>;

/** A path below ours; each part may be any text. */
export function pathOf(...parts: string[]): string {
  return ['api/agent', ...parts.map(encodeURIComponent)].join('/');
}

export class Door {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** What a path gives, as JSON. */
  async get(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<any> {
    return (await this._fetch(path, parameters, { method: 'GET', signal })).json();
  }

  /** What a path gives, as text. */
  async text(path: string, parameters: Parameters = {}): Promise<string> {
    return (await this._fetch(path, parameters, { method: 'GET' })).text();
  }

  /** Send JSON, or nothing. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    parameters: Parameters = {},
    signal?: AbortSignal
  ): Promise<any> {
    const json = body === undefined ? {} : { headers: JSON_HEADERS, body: JSON.stringify(body) };
    return (await this._fetch(path, parameters, { method, signal, ...json })).json();
  }

  /** Ask for events, by POST if there is a body, and yield them as they come. */
  async *events(
    path: string,
    { body, after, signal, opened }: { body?: unknown; after?: string; signal: AbortSignal; opened?: () => void }
  ): AsyncGenerator<IStreamed> {
    const headers = { Accept: 'text/event-stream', ...(after ? { 'Last-Event-ID': after } : {}) };
    const init: RequestInit =
      body === undefined
        ? { method: 'GET', headers, signal }
        : { method: 'POST', headers: { ...headers, ...JSON_HEADERS }, body: JSON.stringify(body), signal };
    const response = await this._fetch(path, {}, init);
    const kind = response.headers.get('Content-Type') ?? '';
    if (!response.body || !kind.startsWith('text/event-stream')) {
      throw new Refusal('The server answered with something else than an answer.', response.status, 'unexpected');
    }
    opened?.();
    try {
      for await (const { id, event, data } of readEvents(response.body)) {
        yield { id, event: { ...JSON.parse(data), event } as AgentEvent };
      }
    } catch (error) {
      // A connection that breaks half way is told by the browser as a mere TypeError.
      throw error instanceof TypeError ? new Unreachable(error.message) : error;
    }
  }

  private async _fetch(path: string, parameters: Parameters, init: RequestInit): Promise<Response> {
    const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
    const query = given.length > 0 ? URLExt.objectToQueryString(Object.fromEntries(given) as any) : '';
    const url = URLExt.join(this._settings.baseUrl, path) + query;
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

const JSON_HEADERS = { 'Content-Type': 'application/json' };

async function refusal(response: Response): Promise<Error> {
  const said: any = await response.json().catch(() => null);
  if (response.status === 404 && !said?.code) {
    return new NoExtension();
  }
  if ([502, 503, 504].includes(response.status) && !said?.code) {
    return new Unreachable(); // A proxy answers for a server that is away.
  }
  const message = typeof said?.message === 'string' && said.message ? said.message : response.statusText;
  return new Refusal(message, response.status, String(said?.code ?? ''));
}
