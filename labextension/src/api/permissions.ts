// What the user has allowed for a conversation: kept by the server, shown in the composer, taken back there.

import { type AgentClient, pathOf } from './client';
import type { PermissionsReply } from './wire';

export type AllowedEffect = PermissionsReply['effects'][number];

export class PermissionsApi {
  constructor(private readonly _client: AgentClient) {}

  async get(id: string, notebookId: string): Promise<readonly AllowedEffect[]> {
    return effectsOf(await this._client.get(pathOf('sessions', id, 'permissions'), { notebook_id: notebookId }));
  }

  /** Take one back; what is left. */
  async revoke(id: string, notebookId: string, effect: AllowedEffect): Promise<readonly AllowedEffect[]> {
    const path = pathOf('sessions', id, 'permissions');
    return effectsOf(await this._client.send('DELETE', path, undefined, { notebook_id: notebookId, effect }));
  }
}

function effectsOf(reply: PermissionsReply | null): readonly AllowedEffect[] {
  return Array.isArray(reply?.effects) ? reply.effects : [];
}
