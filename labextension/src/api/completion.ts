// Inline completion of code.

import { type AgentClient, pathOf } from './client';
import type { CompletionRequest } from './wire';

export class CompletionApi {
  constructor(private readonly _client: AgentClient) {}

  /** Code that could follow the prefix; empty where nothing is known. */
  async complete(request: CompletionRequest, signal: AbortSignal): Promise<string> {
    return String((await this._client.send('POST', pathOf('complete'), request, {}, signal)).completion);
  }
}
