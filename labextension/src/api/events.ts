// The events of a turn as the server sends them, and one that the page makes itself; unknown ones are ignored.

import type { Action, AgentEvent as ServerEvent } from './wire';

/** Made by the page, not by the server: the connection broke, and is being restored. */
export interface IDisconnected {
  event: 'disconnected';
}

export type AgentEvent = ServerEvent | IDisconnected;

type Named<Name extends AgentEvent['event']> = Extract<AgentEvent, { event: Name }>;

export type Effect = Action['effect'];
export type ActionStatus = Action['status'];
export type IApprovalRequested = Named<'approval'>;
export type IEditRequested = Named<'edit'>;
export type ISessionChanged = Named<'session'>;

export const TERMINAL: ReadonlySet<string> = new Set(['done', 'error', 'cancelled', 'interrupted']);
