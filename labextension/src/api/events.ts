// The events of a turn as the server sends them, and one that the page makes itself; unknown ones are ignored.

import type { Action, AgentEvent } from './wire';

/** Made by the page, not by the server: the connection broke, and is being restored. */
export interface IDisconnected {
  event: 'disconnected';
}

export type StreamEvent = AgentEvent | IDisconnected;

type Named<Name extends StreamEvent['event']> = Extract<StreamEvent, { event: Name }>;

export type Effect = Action['effect'];
export type ActionStatus = Action['status'];
export type IApprovalRequested = Named<'approval'>;
export type IEditRequested = Named<'edit'>;
export type ISessionChanged = Named<'session'>;

export const TERMINAL: ReadonlySet<string> = new Set(['done', 'error', 'cancelled', 'interrupted']);
