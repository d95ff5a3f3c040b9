// The doctor: which cells of a notebook are stale, and why.

import { type AgentClient, pathOf } from './client';
import type { PostedCell } from './context';

/** One finding in a notebook; the first cell is the one that it is about. */
export interface IFinding {
  kind: string;
  reason: string;
  cells: string[];
  names: string[];
}

export interface IReport {
  findings: IFinding[];
  labels: Record<string, string>;
  markdown: string;
}

export class DoctorApi {
  constructor(private readonly _client: AgentClient) {}

  /** Check a notebook as it is in the page, against what ran in its kernel. */
  async check(notebookId: string, kernelId: string | null, cells: readonly PostedCell[]): Promise<IReport> {
    return this._client.send('POST', pathOf('doctor'), { notebook_id: notebookId, kernel_id: kernelId, cells });
  }
}
