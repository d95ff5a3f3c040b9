// What can be named in a question: the commands, and the variables, cells and files of the notebook in front.

import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { ICellName, IKnown } from './completion';
import type { Facts, ICommand } from '../api/kernels';
import type { KernelWatch } from '../notebook/kernelWatch';
import { notebookPath } from '../notebook/notebookContext';

const MOST_FILES = 500;

export class Known {
  private _commands: readonly ICommand[] = [];
  private _files: readonly string[] = [];
  private _folder: string | null = null;

  constructor(
    private readonly _facts: Facts,
    private readonly _contents: Contents.IManager,
    private readonly _watch: KernelWatch
  ) {}

  get commands(): readonly ICommand[] {
    return this._commands;
  }

  /** Fetch what has to be asked for; what cannot be fetched is not offered. */
  async prepare(panel: NotebookPanel | null, typed: string): Promise<void> {
    if (typed.startsWith('/') && this._commands.length === 0) {
      this._commands = await this._facts.commands().catch(() => []);
    }
    if (typed.startsWith('@')) {
      await Promise.all([this._watch.fresh(panel), this._list(panel)]);
    }
  }

  of(panel: NotebookPanel | null): IKnown {
    return {
      commands: this._commands,
      variables: this._watch.of(panel)?.variables ?? [],
      cells: panel ? cellNames(panel) : [],
      files: this._files
    };
  }

  private async _list(panel: NotebookPanel | null): Promise<void> {
    const path = notebookPath(panel);
    const folder = PathExt.dirname(path);
    if (folder !== this._folder) {
      const listed = await this._contents.get(folder).catch(() => null);
      const files: any[] = Array.isArray(listed?.content) ? listed.content : [];
      this._files = files
        .filter(one => one.type !== 'directory' && one.path !== path)
        .map(one => String(one.name))
        .slice(0, MOST_FILES);
      this._folder = folder;
      window.setTimeout(() => (this._folder = null), 10_000); // Files come and go.
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
