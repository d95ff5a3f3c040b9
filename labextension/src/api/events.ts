// The events of a turn as the server sends them; unknown ones are ignored.

export type Effect = 'read' | 'execute' | 'write';
export type ActionStatus = 'done' | 'failed' | 'denied' | 'needs_approval' | 'interrupted';

export interface ITurnStarted {
  event: 'turn';
  session_id: string;
  turn_id: string;
  model: string;
}

export interface ITextDelta {
  event: 'text';
  text: string;
}

/** Why there is no answer yet: a model is being loaded or downloaded. */
export interface IWaiting {
  event: 'waiting';
  text: string;
}

export interface IToolCall {
  event: 'tool_call';
  call_id: string;
  tool: string;
  /** The tool's name for the user. */
  title?: string;
  /** Name of a JupyterLab icon. */
  icon?: string;
  effect: Effect;
  arguments: Record<string, unknown>;
}

export interface IApprovalRequested {
  event: 'approval';
  call_id: string;
  tool: string;
  effect: Effect;
  arguments: Record<string, unknown>;
  digest: string;
}

export interface IToolResult {
  event: 'tool_result';
  call_id: string;
  tool: string;
  status: ActionStatus;
  content: string;
}

export interface IUsage {
  event: 'usage';
  input_tokens: number;
  output_tokens: number;
}

/** An edit that the page with the open notebook has to make. */
export interface IEditRequested {
  event: 'edit';
  call_id: string;
  edit: {
    kind: 'insert' | 'replace' | 'delete' | 'move' | 'run';
    cell_id: string;
    source_hash: string;
    source: string;
    cell_type: 'code' | 'markdown' | 'raw';
    below: string;
    origin?: Record<string, unknown>;
  };
}

export interface IDone {
  event: 'done';
  session_id: string;
  turn_id: string;
  reply: string;
  model: string;
  finish_reason: string;
  warnings?: string[];
  usage?: { input_tokens: number; output_tokens: number };
}

export interface IFailed {
  event: 'error';
  message: string;
  code: string;
  retryable: boolean;
}

export interface IStopped {
  event: 'cancelled' | 'interrupted';
  session_id: string;
  turn_id: string;
  reply: string;
}

/** Made by the page, not by the server: the connection broke, and is being restored. */
export interface IDisconnected {
  event: 'disconnected';
}

/** A conversation has changed, here or elsewhere. */
export interface ISessionChanged {
  event: 'session';
  session_id: string;
  notebook_id: string;
  turn_id: string;
  status: 'started' | 'ended' | 'changed';
}

export type AgentEvent =
  | ITurnStarted
  | ITextDelta
  | IWaiting
  | IToolCall
  | IApprovalRequested
  | IToolResult
  | IUsage
  | IEditRequested
  | IDisconnected
  | ISessionChanged
  | IDone
  | IFailed
  | IStopped;

export const TERMINAL: ReadonlySet<string> = new Set(['done', 'error', 'cancelled', 'interrupted']);
