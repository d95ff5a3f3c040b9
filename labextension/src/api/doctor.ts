// The doctor: which cells of a notebook are stale, and why.

import { type AgentClient, pathOf } from './client';
import type { DoctorReply, PostedCell } from './wire';

export class DoctorApi {
  constructor(private readonly _client: AgentClient) {}

  /** Check a notebook as it is in the page, against what ran in its kernel. */
  async check(notebookId: string, kernelId: string | null, cells: readonly PostedCell[]): Promise<DoctorReply> {
    return this._client.send('POST', pathOf('doctor'), { notebook_id: notebookId, kernel_id: kernelId, cells });
  }
}
