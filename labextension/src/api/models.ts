// The models that can answer.

import { type AgentClient, pathOf } from './client';
import type { ModelsReply } from './wire';

/** Requests the list once, and keeps it. */
export class ModelsApi {
  private _cached: ModelsReply | null = null;
  private _request: Promise<ModelsReply | null> | null = null;

  constructor(private readonly _client: AgentClient) {}

  /** The list as it was last read. */
  get cached(): ModelsReply | null {
    return this._cached;
  }

  /** The list; null while it cannot be read. */
  list(): Promise<ModelsReply | null> {
    this._request ??= this._client.get(pathOf('models')).then(
      (models: ModelsReply) => (this._cached = models),
      () => (this._request = null)
    );
    return this._request;
  }

  /** Read the list again: the settings have changed. */
  refresh(): Promise<ModelsReply | null> {
    this._request = null;
    return this.list();
  }

  /** Look for model servers on this machine, too. */
  async probe(): Promise<ModelsReply> {
    return this._client.get(pathOf('models'), { probe: 1 });
  }
}
