// The edits that one turn asks of this page: each is made once, whatever becomes of the connection, and answered.

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IEditAsked } from '../api/events';
import type { Turns } from '../api/turns';
import { edited } from './edits';

export class PageEdits {
  private _made = new Set<string>();

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _turns: Turns
  ) {}

  /** Make an edit, and tell the server what it did; a stream that tells all anew asks for it again in vain. */
  async make({ call_id, edit }: IEditAsked, turnId: string): Promise<void> {
    if (this._made.has(call_id)) {
      return;
    }
    this._made.add(call_id);
    const result = await edited(this._panel, edit);
    // Where the server is gone for good, or waits no more, the turn ends without us.
    await this._turns.did(turnId, call_id, result).catch(() => undefined);
  }
}
