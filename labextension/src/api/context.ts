// The notebook as it is sent with a question, and a preview of the request that a model would get.

import { type AgentClient, pathOf } from './client';
import type { ContextReply, PostedCell, QuestionContext, QuickRequest } from './wire';

/** What pictures are that models take, the preferred first. */
export const MEDIA_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'];

/** A cell with its source and its output as text. */
export interface ICell extends PostedCell {
  source: string;
  execution_count: number | null;
  output: string;
  error: string;
}

/** The notebook of a question, as the page knows it. */
export interface INotebookContext extends QuestionContext {
  notebook_id: string;
  session_id: string | null;
  kernel_id: string | null;
  active_cell_id: string | null;
  cell_count: number;
  cells: PostedCell[];
}

export class ContextApi {
  constructor(private readonly _client: AgentClient) {}

  /** Exactly what a question would send to its model; nothing is sent to it. */
  async preview(
    query: string,
    context: INotebookContext,
    model?: string,
    pictures?: Pick<QuickRequest, 'pictures'>
  ): Promise<ContextReply> {
    return this._client.send('POST', pathOf('context'), { query, context, ...(model ? { model } : {}), ...pictures });
  }
}
