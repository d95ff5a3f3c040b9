// What completion suggests in a question: the commands, and the variables, cells and files of a notebook.

import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { CommandsApi } from '../api/commands';
import type { SlashCommand } from '../api/wire';
import type { KernelWatch } from '../notebook/kernelWatch';
import { notebookPath } from '../notebook/notebookContext';
import type { ICandidates, ICellName } from './completion';

const MAX_FILES = 500;
/** How long a listing of files is used. */
const FILES_MILLISECONDS = 10_000;

export class Suggestions {
  private _commands: readonly SlashCommand[] = [];
  private _files: readonly string[] = [];
  private _folder: string | null = null;

  constructor(
    private readonly _commandsApi: CommandsApi,
    private readonly _contents: Contents.IManager,
    private readonly _kernelWatch: KernelWatch
  ) {}

  get commands(): readonly SlashCommand[] {
    return this._commands;
  }

  /** Request what a prefix needs; what cannot be read is not suggested. */
  async prepare(panel: NotebookPanel | null, prefix: string): Promise<void> {
    if (prefix.startsWith('/') && this._commands.length === 0) {
      this._commands = await this._commandsApi.list().catch(() => []);
    }
    if (prefix.startsWith('@')) {
      await Promise.all([this._kernelWatch.ensureRead(panel), this._readFiles(panel)]);
    }
  }

  candidates(panel: NotebookPanel | null): ICandidates {
    return {
      commands: this._commands,
      variables: this._kernelWatch.get(panel)?.variables ?? [],
      cells: panel ? cellNames(panel) : [],
      files: this._files
    };
  }

  private async _readFiles(panel: NotebookPanel | null): Promise<void> {
    const path = notebookPath(panel);
    const folder = PathExt.dirname(path);
    if (folder !== this._folder) {
      const directory = await this._contents.get(folder).catch(() => null);
      const files: any[] = Array.isArray(directory?.content) ? directory.content : [];
      this._files = files
        .filter(file => file.type !== 'directory' && file.path !== path)
        .map(file => String(file.name))
        .slice(0, MAX_FILES);
      this._folder = folder;
      window.setTimeout(() => (this._folder = null), FILES_MILLISECONDS);
    }
  }
}

function cellNames(panel: NotebookPanel): ICellName[] {
  return Array.from(panel.content.model?.cells ?? [], (cell, index) => ({
    id: cell.id,
    count: cell.type === 'code' ? ((cell as any).executionCount ?? null) : null,
    index,
    source: cell.sharedModel.getSource()
  }));
}
