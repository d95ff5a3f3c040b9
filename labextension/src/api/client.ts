// HTTP requests to the agent's paths of the Jupyter server, and the errors with which they fail.

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { StreamEvent } from './events';
import { readEvents } from './sse';

/** The server refused a request; the message is meant for the user. */
export class ResponseError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string
  ) {
    super(message);
  }
}

/** The server could not be reached, or the connection broke. */
export class NetworkError extends Error {}

/** The server has none of our paths: the server extension is not running. */
export class ExtensionNotFoundError extends Error {}

/** Whether a request failed because what it is about does not exist (any more). */
export function isNotFound(error: unknown): boolean {
  return error instanceof ResponseError && error.status === 404;
}

/** An event with its number in its stream. */
export interface IStreamedEvent {
  id: string;
  event: StreamEvent;
}

export type QueryParameters = Record<string, string | number | null | undefined>;

/** A path below ours; each part may be any text. */
export function pathOf(...parts: string[]): string {
  return ['api/agent', ...parts.map(encodeURIComponent)].join('/');
}

const JSON_HEADERS = { 'Content-Type': 'application/json' };

export class AgentClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** GET a path; its response as JSON. */
  async get(path: string, parameters: QueryParameters = {}): Promise<any> {
    return (await this._fetch(path, parameters, { method: 'GET' })).json();
  }

  /** GET a path; its response as text. */
  async getText(path: string, parameters: QueryParameters = {}): Promise<string> {
    return (await this._fetch(path, parameters, { method: 'GET' })).text();
  }

  /** Send JSON, or no body; the response as JSON. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    parameters: QueryParameters = {},
    signal?: AbortSignal
  ): Promise<any> {
    const json = body === undefined ? {} : { headers: JSON_HEADERS, body: JSON.stringify(body) };
    return (await this._fetch(path, parameters, { method, signal, ...json })).json();
  }

  /** Request an event stream, by POST if there is a body, and yield its events as they arrive. */
  async *events(
    path: string,
    { body, after, signal, onOpen }: { body?: unknown; after?: string; signal: AbortSignal; onOpen?: () => void }
  ): AsyncGenerator<IStreamedEvent> {
    const headers = { Accept: 'text/event-stream', ...(after ? { 'Last-Event-ID': after } : {}) };
    const init: RequestInit =
      body === undefined
        ? { method: 'GET', headers, signal }
        : { method: 'POST', headers: { ...headers, ...JSON_HEADERS }, body: JSON.stringify(body), signal };
    const response = await this._fetch(path, {}, init);
    const contentType = response.headers.get('Content-Type') ?? '';
    if (!response.body || !contentType.startsWith('text/event-stream')) {
      throw new ResponseError('The server did not answer with an event stream.', response.status, 'unexpected');
    }
    onOpen?.();
    try {
      for await (const { id, event, data } of readEvents(response.body)) {
        yield { id, event: { ...JSON.parse(data), event } as StreamEvent };
      }
    } catch (error) {
      // The browser reports a connection that breaks half way as a mere TypeError.
      throw error instanceof TypeError ? new NetworkError(error.message) : error;
    }
  }

  private async _fetch(path: string, parameters: QueryParameters, init: RequestInit): Promise<Response> {
    const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
    const query = given.length > 0 ? URLExt.objectToQueryString(Object.fromEntries(given) as any) : '';
    const url = URLExt.join(this._settings.baseUrl, path) + query;
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      throw error instanceof ServerConnection.NetworkError ? new NetworkError(error.message) : error;
    }
    if (!response.ok) {
      throw await errorOf(response);
    }
    return response;
  }
}

async function errorOf(response: Response): Promise<Error> {
  const body: any = await response.json().catch(() => null);
  if (response.status === 404 && !body?.code) {
    return new ExtensionNotFoundError();
  }
  if ([502, 503, 504].includes(response.status) && !body?.code) {
    return new NetworkError(); // A proxy answers for a server that is not running.
  }
  const message = typeof body?.message === 'string' && body.message ? body.message : response.statusText;
  return new ResponseError(message, response.status, String(body?.code ?? ''));
}
