// The variables of live kernels.

import { type AgentClient, pathOf } from './client';

/** A live variable; `facts` depend on its kind. */
export interface IVariable {
  name: string;
  type: string;
  kind: string;
  summary: string;
  facts: Record<string, any>;
  cell_id?: string;
  execution_count?: number;
}

/** A kernel's state, or what changed in it since a version of the same epoch. */
export interface IKernelState {
  epoch: string;
  version: number;
  status: string;
  age_s: number;
  stale: string;
  total: number;
  variables: IVariable[];
  deleted: string[];
}

export class KernelsApi {
  constructor(private readonly _client: AgentClient) {}

  /** All variables in short; after a version, only those that changed since. */
  async state(kernelId: string, since = 0): Promise<IKernelState> {
    return this._client.get(pathOf('kernels', kernelId, 'state'), since ? { since } : {});
  }

  /** One variable in full. */
  async variable(kernelId: string, name: string): Promise<IVariable> {
    return this._client.get(pathOf('kernels', kernelId, 'variables', name));
  }
}
