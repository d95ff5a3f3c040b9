// The variables of live kernels.

import { type AgentClient, pathOf } from './client';
import type { KernelStateReply, VariableReply } from './wire';

export class KernelsApi {
  constructor(private readonly _client: AgentClient) {}

  /** All variables in short; after a version, only those that changed since. */
  async state(kernelId: string, since = 0): Promise<KernelStateReply> {
    return this._client.get(pathOf('kernels', kernelId, 'state'), since ? { since } : {});
  }

  /** One variable in full. */
  async variable(kernelId: string, name: string): Promise<VariableReply> {
    return this._client.get(pathOf('kernels', kernelId, 'variables', name));
  }
}
