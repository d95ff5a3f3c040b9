// All that the panel asks of the server.

import type { ServerConnection } from '@jupyterlab/services';
import { Door } from './client';
import { Facts } from './kernels';
import { Feed } from './sessionEvents';
import { Sessions } from './sessions';
import { Turns } from './turns';

export class AgentServer {
  readonly door: Door;
  readonly facts: Facts;
  readonly feed: Feed;
  readonly sessions: Sessions;
  readonly turns: Turns;

  constructor(settings: ServerConnection.ISettings) {
    this.door = new Door(settings);
    this.facts = new Facts(this.door);
    this.feed = new Feed(this.door);
    this.sessions = new Sessions(this.door);
    this.turns = new Turns(this.door);
  }
}
