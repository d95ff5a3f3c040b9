// The settings of the server that a user may change.

import { type AgentClient, pathOf } from './client';
import type { SettingsReply, SettingsRequest } from './wire';

export class SettingsApi {
  constructor(private readonly _client: AgentClient) {}

  async get(): Promise<SettingsReply> {
    return this._client.get(pathOf('settings'));
  }

  async update(changes: SettingsRequest): Promise<SettingsReply> {
    return this._client.send('PUT', pathOf('settings'), changes);
  }
}
