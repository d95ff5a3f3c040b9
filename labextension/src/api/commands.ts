// The slash commands that the server knows.

import { type AgentClient, pathOf } from './client';
import type { SlashCommand } from './wire';

export class CommandsApi {
  constructor(private readonly _client: AgentClient) {}

  async list(): Promise<SlashCommand[]> {
    return (await this._client.get(pathOf('commands'))).commands;
  }
}
