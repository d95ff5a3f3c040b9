// The settings of the server that a user may change.

import { type AgentClient, pathOf } from './client';

/** A setting with where its value is from. */
export interface ISetting {
  value: unknown;
  source: 'user' | 'configuration' | 'environment' | 'default';
  locked: boolean;
  help: string;
  variable: string;
  choices?: string[];
}

export interface ISettings {
  settings: Record<string, ISetting>;
  keys: Record<string, { set: boolean; source: string; variable: string }>;
}

export class SettingsApi {
  constructor(private readonly _client: AgentClient) {}

  async get(): Promise<ISettings> {
    return this._client.get(pathOf('settings'));
  }

  async update(changes: Record<string, unknown>): Promise<ISettings> {
    return this._client.send('PUT', pathOf('settings'), changes);
  }
}
