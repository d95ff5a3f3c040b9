// Commands about a cell, with as little code as is needed at start: the panel that runs them is loaded by the first one.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Menu } from '@lumino/widgets';
import { agentIcon } from '../components/icons';
import type { AgentSidebar } from '../components/sidebar';
import type { CellAction } from './cellActions';
import { hasError } from './cellErrors';
import { PromptBox } from './promptBox';

const MENU = 'jupyter-agent:cell-menu';
/** The button in a cell's toolbar, by its name in schema/plugin.json. */
const MENU_BUTTON = '[data-jp-item-name="ask-the-agent-about-the-cell"]';

const CLICKED = {
  type: 'boolean',
  description: 'Whether the command is for the cell whose context menu was opened, not for the active one'
};

type CellCommand = CellAction | 'edit';
/** In the order of the menus. */
const COMMANDS: readonly CellCommand[] = ['explain', 'fix', 'improve', 'document', 'edit', 'ask'];

export interface ICellCommandOptions {
  app: JupyterFrontEnd;
  notebooks: INotebookTracker;
  sidebar: AgentSidebar;
  translation: TranslationBundle;
  openSidebar: () => void;
}

/** Add the commands; returns the ids of those for the palette. */
export function addCellCommands(options: ICellCommandOptions): readonly string[] {
  const { app, notebooks, translation } = options;
  const labels: Record<CellCommand, string> = {
    explain: translation.__('Explain This Cell'),
    fix: translation.__('Fix This Error'),
    improve: translation.__('Improve This Cell'),
    document: translation.__('Document This Cell'),
    edit: translation.__('Tell the Agent to Edit This Cell…'),
    ask: translation.__('Ask About This Cell…')
  };
  const isEnabled = () => Boolean(notebooks.activeCell && notebooks.currentWidget === app.shell.currentWidget);
  for (const command of COMMANDS) {
    app.commands.addCommand(commandId(command), {
      label: labels[command],
      icon: command === 'edit' ? agentIcon : undefined,
      describedBy: { args: { type: 'object', properties: { clicked: CLICKED } } },
      isEnabled,
      isVisible: ({ clicked }) => {
        const cell = targetCell(options, Boolean(clicked));
        return command !== 'fix' || (cell !== null && hasError(cell));
      },
      execute: ({ clicked }) => runCellCommand(options, command, Boolean(clicked))
    });
  }
  app.commands.addCommand(MENU, {
    label: translation.__('Ask the agent about this cell'),
    icon: agentIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled,
    execute: () => showMenu(options)
  });
  return COMMANDS.map(commandId);
}

/** Run a command for the active cell; `clicked`: for the cell whose context menu was opened. */
export async function runCellCommand(
  options: ICellCommandOptions,
  command: CellCommand,
  clicked = false
): Promise<void> {
  const { notebooks, sidebar, openSidebar, translation } = options;
  const notebook = notebooks.currentWidget;
  const cell = targetCell(options, clicked);
  if (!notebook || !cell) {
    return;
  }
  notebook.content.activeCellIndex = notebook.content.widgets.indexOf(cell);
  if (command === 'edit') {
    PromptBox.open(cell, { cellActions: sidebar.cellActions(), notebook, translation, openSidebar });
  } else {
    openSidebar();
    await (await sidebar.cellActions()).run(command, notebook, cell);
  }
}

function commandId(command: CellCommand): string {
  return `jupyter-agent:${command}-cell`;
}

/** The cell of a command. A right click into a cell's code does not make the cell active. */
function targetCell({ app, notebooks }: ICellCommandOptions, clicked: boolean): Cell | null {
  const node = clicked ? app.contextMenuHitTest(element => element.classList.contains('jp-Cell')) : undefined;
  return notebooks.currentWidget?.content.widgets.find(cell => cell.node === node) ?? notebooks.activeCell;
}

function showMenu({ app, notebooks }: ICellCommandOptions): void {
  const menu = new Menu({ commands: app.commands });
  for (const command of COMMANDS) {
    menu.addItem({ command: commandId(command) });
  }
  const cell = notebooks.activeCell?.node;
  const { left, bottom } = (cell?.querySelector(MENU_BUTTON) ?? cell ?? document.body).getBoundingClientRect();
  // Its items are executed after it has closed.
  menu.aboutToClose.connect(() => void window.setTimeout(() => menu.dispose()));
  menu.open(left, bottom);
}
