// The slash commands that the server knows.

import { type AgentClient, pathOf } from './client';

/** A slash command; `asks` is the question it stands for, `asks_about` the one about a given name. */
export interface ICommand {
  name: string;
  arguments: string;
  help: string;
  asks: string;
  asks_about: string;
}

export class CommandsApi {
  constructor(private readonly _client: AgentClient) {}

  async list(): Promise<ICommand[]> {
    return (await this._client.get(pathOf('commands'))).commands;
  }
}
