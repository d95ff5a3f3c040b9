// The plugin: commands, palette entry and an empty sidebar; the panel itself is loaded when the sidebar is first seen.

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addCellCommands, run } from './cells/cellCommands';
import { offerFixes } from './cells/cellErrors';
import { GhostProvider } from './cells/inlineProvider';
import { agentIcon } from './components/icons';
import { AgentSidebar } from './components/sidebar';

const OPEN = 'jupyter-agent:open';

/** The shells of JupyterLab and Notebook can unfold their right side; the common interface does not say so. */
interface IFoldingShell {
  expandRight?: (id?: string) => void;
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-notebook-agent:plugin',
  description: 'The notebook assistant in the sidebar.',
  autoStart: true,
  // All optional: pages of Notebook without notebooks (its file tree) have no tracker, and then there is no sidebar.
  optional: [INotebookTracker, IRenderMimeRegistry, ITranslator, ICommandPalette, ILayoutRestorer, ICompletionProviderManager],
  activate
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  rendermime: IRenderMimeRegistry | null,
  translator: ITranslator | null,
  palette: ICommandPalette | null,
  restorer: ILayoutRestorer | null,
  completers: ICompletionProviderManager | null
): void {
  if (!notebooks || !rendermime) {
    return;
  }
  const translation = (translator ?? nullTranslator).load('jupyter_notebook_agent');
  const sidebar = new AgentSidebar({ app, notebooks, rendermime, translation });
  app.shell.add(sidebar, 'right', { rank: 200, type: 'Agent' });
  restorer?.add(sidebar, 'jupyter-agent');
  const open = () => {
    (app.shell as IFoldingShell).expandRight?.(sidebar.id);
    app.shell.activateById(sidebar.id);
  };
  app.commands.addCommand(OPEN, {
    label: translation.__('Ask the agent'),
    caption: translation.__('Ask about this notebook and what its kernel holds'),
    icon: agentIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: open
  });
  completers?.registerInlineProvider(new GhostProvider(notebooks, app.serviceManager.serverSettings, translation));
  const inCells = { app, notebooks, sidebar, translation, open };
  offerFixes(rendermime, notebooks, translation, () => void run(inCells, 'fix'));
  for (const command of [OPEN, ...addCellCommands(inCells)]) {
    palette?.addItem({ command, category: translation.__('Agent') });
  }
}

export default plugin;
