// The notebook as it is sent with a question, and a preview of the request that a model would get.

import { type AgentClient, pathOf } from './client';

/** A cell with its source and its output as text. */
export interface ICell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  execution_count: number | null;
  output: string;
  error: string;
}

/** A cell as it is sent; `saved`: its source is left out, and the server reads it from the file. */
export type PostedCell = ICell | { id: string; kind: ICell['kind']; saved: true };

export interface INotebookContext {
  notebook_id: string;
  session_id: string | null;
  kernel_id: string | null;
  active_cell_id: string | null;
  cell_count: number;
  cells: PostedCell[];
}

/** What a question would send to its model. */
export interface IPreview {
  model: string;
  messages: { role: string; content: string }[];
  tools: { name: string; description: string }[];
  tokens: Record<string, number>;
  withheld: number;
  warnings: string[];
}

export class ContextApi {
  constructor(private readonly _client: AgentClient) {}

  /** Exactly what a question would send to its model; nothing is sent to it. */
  async preview(query: string, context: INotebookContext, model?: string): Promise<IPreview> {
    return this._client.send('POST', pathOf('context'), { query, context, ...(model ? { model } : {}) });
  }
}
