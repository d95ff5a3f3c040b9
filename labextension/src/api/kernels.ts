// What the server knows beside conversations: kernels' variables, stale cells, models, settings, commands, what would be sent.

import { type Door, pathOf } from './client';
import type { INotebookContext } from '../notebook/notebookContext';
import type { PostedCell } from '../notebook/postedCells';

/** A live variable; `facts` are what is known of its kind. */
export interface IVariable {
  name: string;
  type: string;
  kind: string;
  summary: string;
  facts: Record<string, any>;
  cell_id?: string;
  execution_count?: number;
}

export interface IKernelState {
  epoch: string;
  version: number;
  status: string;
  age_s: number;
  stale: string;
  total: number;
  variables: IVariable[];
  deleted: string[];
}

/** One thing in a notebook that is not as it looks; the first cell is the one that it is about. */
export interface IFinding {
  kind: string;
  reason: string;
  cells: string[];
  names: string[];
}

/** What the doctor says of a notebook. */
export interface IReport {
  findings: IFinding[];
  labels: Record<string, string>;
  markdown: string;
}

export interface ICommand {
  name: string;
  arguments: string;
  help: string;
  asks: string;
  asks_about: string;
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

export interface IModels {
  default: string;
  models: { id: string; default: boolean; [more: string]: unknown }[];
  /** Servers of models on this machine, where they were looked for. */
  found?: { provider: string; models: string[] }[];
}

/** A setting of the server with where it is from. */
export interface ISetting {
  value: unknown;
  source: 'user' | 'configuration' | 'environment' | 'default';
  locked: boolean;
  help: string;
  variable: string;
  choices?: string[];
}

export interface ISettings {
  settings: Record<string, ISetting>;
  keys: Record<string, { set: boolean; source: string; variable: string }>;
}

export class Facts {
  constructor(private readonly _door: Door) {}

  /** A kernel's variables; after a version, only what changed since. */
  async state(kernelId: string, since = 0): Promise<IKernelState> {
    return this._door.get(pathOf('kernels', kernelId, 'state'), since ? { since } : {});
  }

  /** One variable in full. */
  async variable(kernelId: string, name: string): Promise<IVariable> {
    return this._door.get(pathOf('kernels', kernelId, 'variables', name));
  }

  /** Examine a notebook as it is in the page. */
  async examine(notebookId: string, kernelId: string | null, cells: readonly PostedCell[]): Promise<IReport> {
    return this._door.send('POST', pathOf('doctor'), { notebook_id: notebookId, kernel_id: kernelId, cells });
  }

  async commands(): Promise<ICommand[]> {
    return (await this._door.get(pathOf('commands'))).commands;
  }

  async models(probe = false): Promise<IModels> {
    return this._door.get(pathOf('models'), probe ? { probe: 1 } : {});
  }

  async settings(): Promise<ISettings> {
    return this._door.get(pathOf('settings'));
  }

  async change(settings: Record<string, unknown>): Promise<ISettings> {
    return this._door.send('PUT', pathOf('settings'), settings);
  }

  /** Exactly what a question would send; nothing is sent. */
  async preview(query: string, context: INotebookContext, model?: string): Promise<IPreview> {
    return this._door.send('POST', pathOf('context'), { query, context, ...(model ? { model } : {}) });
  }
}
