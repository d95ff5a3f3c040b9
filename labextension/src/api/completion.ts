// Inline completion of code.

import { type AgentClient, pathOf } from './client';

export interface ICompletionRequest {
  prefix: string;
  suffix: string;
  language: string;
  context: { notebook_id: string; kernel_id: string | null };
  model: string | null;
}

export class CompletionApi {
  constructor(private readonly _client: AgentClient) {}

  /** Code that could follow the prefix; empty where nothing is known. */
  async complete(request: ICompletionRequest, signal: AbortSignal): Promise<string> {
    return String((await this._client.send('POST', pathOf('complete'), request, {}, signal)).completion);
  }
}
