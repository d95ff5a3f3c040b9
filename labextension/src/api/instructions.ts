// What instructs the agent at a notebook, and what of it the user wants.

import { type AgentClient, pathOf } from './client';
import type { InstructionsReply } from './wire';

export class InstructionsApi {
  constructor(private readonly _client: AgentClient) {}

  async list(notebookId: string): Promise<InstructionsReply> {
    return this._client.get(pathOf('instructions'), notebookId ? { notebook_id: notebookId } : {});
  }

  /** Whether a project's text counts for the user, by the digest of what was shown to them. */
  async choose(notebookId: string, digest: string, use: boolean): Promise<InstructionsReply> {
    return this._client.send('POST', pathOf('instructions'), { notebook_id: notebookId || null, digest, use });
  }
}
