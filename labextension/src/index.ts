// The plugin: commands, palette items and an empty sidebar; the panel is loaded when the sidebar is first shown.

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addCellCommands, runCellCommand } from './cells/cellCommands';
import { addFixButtons } from './cells/cellErrors';
import { AgentInlineProvider } from './cells/inlineProvider';
import { agentIcon } from './components/icons';
import { AgentSidebar } from './components/sidebar';

const OPEN = 'jupyter-agent:open';

/** The shells of JupyterLab and Notebook can expand their right area; the common interface has no such method. */
interface IExpandableShell {
  expandRight?: (id?: string) => void;
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-notebook-agent:plugin',
  description: 'The notebook assistant in the sidebar.',
  autoStart: true,
  // All optional: pages of Notebook without a notebook (its file tree) have no tracker, and get no sidebar.
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
  const openSidebar = () => {
    (app.shell as IExpandableShell).expandRight?.(sidebar.id);
    app.shell.activateById(sidebar.id);
  };
  app.commands.addCommand(OPEN, {
    label: translation.__('Ask the agent'),
    caption: translation.__('Ask about this notebook and the variables in its kernel'),
    icon: agentIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: openSidebar
  });
  completers?.registerInlineProvider(new AgentInlineProvider(notebooks, app.serviceManager.serverSettings, translation));
  const options = { app, notebooks, sidebar, translation, openSidebar };
  addFixButtons(rendermime, notebooks, translation, () => void runCellCommand(options, 'fix'));
  for (const command of [OPEN, ...addCellCommands(options)]) {
    palette?.addItem({ command, category: translation.__('Agent') });
  }
}

export default plugin;
