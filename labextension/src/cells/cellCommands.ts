// Commands about a cell, as little as must be there from the start: the panel that does the work comes with the first one.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Menu } from '@lumino/widgets';
import { agentIcon } from '../components/icons';
import type { AgentSidebar } from '../components/sidebar';
import type { Errand } from './cellActions';
import { failed } from './cellErrors';
import { PromptBox } from './promptBox';

const MENU = 'jupyter-agent:cell-menu';
/** The name of its button in a cell's toolbar, as the settings have it. */
const BUTTON = '[data-jp-item-name="ask-the-agent-about-the-cell"]';

const CLICKED = { type: 'boolean', description: 'Whether the cell is meant whose context menu was opened, not the active one' };

type Way = Errand | 'edit';
/** In the order of the menus. */
const WAYS: readonly Way[] = ['explain', 'fix', 'improve', 'document', 'edit', 'ask'];

/** What the commands need of the page. */
export interface ICellSurroundings {
  app: JupyterFrontEnd;
  notebooks: INotebookTracker;
  sidebar: AgentSidebar;
  translation: TranslationBundle;
  /** Unfold the sidebar. */
  open: () => void;
}

/** Add the commands; returns their names, those for the palette. */
export function addCellCommands(surroundings: ICellSurroundings): readonly string[] {
  const { app, notebooks, translation } = surroundings;
  const names = labels(translation);
  const isThere = () => Boolean(notebooks.activeCell && notebooks.currentWidget === app.shell.currentWidget);
  for (const way of WAYS) {
    app.commands.addCommand(`jupyter-agent:${way}-cell`, {
      label: names[way],
      icon: way === 'edit' ? agentIcon : undefined,
      describedBy: { args: { type: 'object', properties: { clicked: CLICKED } } },
      isEnabled: isThere,
      isVisible: ({ clicked }) => way !== 'fix' || isFailed(meant(surroundings, Boolean(clicked))),
      execute: ({ clicked }) => run(surroundings, way, Boolean(clicked))
    });
  }
  app.commands.addCommand(MENU, {
    label: translation.__('Ask the agent about this cell'),
    icon: agentIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: isThere,
    execute: () => showMenu(surroundings)
  });
  return WAYS.map(way => `jupyter-agent:${way}-cell`);
}

/** Do an errand for the active cell, or open the box below it; `clicked`: for the one whose context menu was opened. */
export async function run(surroundings: ICellSurroundings, way: Way, clicked = false): Promise<void> {
  const { notebooks, sidebar, open, translation } = surroundings;
  const notebook = notebooks.currentWidget;
  const cell = meant(surroundings, clicked);
  if (!notebook || !cell) {
    return;
  }
  notebook.content.activeCellIndex = notebook.content.widgets.indexOf(cell);
  if (way === 'edit') {
    PromptBox.open(cell, { desk: sidebar.desk(), notebook, translation, openSidebar: open });
  } else {
    open();
    await (await sidebar.desk()).do(way, notebook, cell);
  }
}

/** The cell that a command is about. A click with the right button into a cell's code does not make it the active one. */
function meant({ app, notebooks }: ICellSurroundings, clicked: boolean): Cell | null {
  const node = clicked ? app.contextMenuHitTest(one => one.classList.contains('jp-Cell')) : undefined;
  return notebooks.currentWidget?.content.widgets.find(one => one.node === node) ?? notebooks.activeCell;
}

function isFailed(cell: Cell | null): boolean {
  return cell !== null && failed(cell);
}

function showMenu({ app, notebooks }: ICellSurroundings): void {
  const menu = new Menu({ commands: app.commands });
  for (const way of WAYS) {
    menu.addItem({ command: `jupyter-agent:${way}-cell` });
  }
  const cell = notebooks.activeCell?.node;
  const { left, bottom } = (cell?.querySelector(BUTTON) ?? cell ?? document.body).getBoundingClientRect();
  // Its items act after it has closed.
  menu.aboutToClose.connect(() => void window.setTimeout(() => menu.dispose()));
  menu.open(left, bottom);
}

function labels(translation: TranslationBundle): Record<Way, string> {
  return {
    explain: translation.__('Explain This Cell'),
    fix: translation.__('Fix This Error'),
    improve: translation.__('Improve This Cell'),
    document: translation.__('Document This Cell'),
    edit: translation.__('Tell the Agent to Edit This Cell…'),
    ask: translation.__('Ask About This Cell…')
  };
}
