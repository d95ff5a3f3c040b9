// The models that can answer.

import { type AgentClient, pathOf } from './client';

export interface IModels {
  default: string;
  models: { id: string; default: boolean; [more: string]: unknown }[];
  /** Model servers that were found on this machine; absent where none were looked for. */
  found?: { provider: string; models: string[] }[];
}

/** Requests the list once, and keeps it. */
export class ModelsApi {
  private _cached: IModels | null = null;
  private _request: Promise<IModels | null> | null = null;

  constructor(private readonly _client: AgentClient) {}

  /** The list as it was last read. */
  get cached(): IModels | null {
    return this._cached;
  }

  /** The list; null while it cannot be read. */
  list(): Promise<IModels | null> {
    this._request ??= this._client.get(pathOf('models')).then(
      (models: IModels) => (this._cached = models),
      () => (this._request = null)
    );
    return this._request;
  }

  /** Read the list again: the settings have changed. */
  refresh(): Promise<IModels | null> {
    this._request = null;
    return this.list();
  }

  /** Look for model servers on this machine, too. */
  async probe(): Promise<IModels> {
    return this._client.get(pathOf('models'), { probe: 1 });
  }
}
