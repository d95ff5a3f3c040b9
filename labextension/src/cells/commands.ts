// Commands about a cell, as little as must be there from the start: the panel that does the work comes with the first one.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Menu } from '@lumino/widgets';
import { agentIcon } from '../icon';
import type { AgentSidebar } from '../sidebar';
import type { Errand } from './desk';
import { failed } from './failures';
import { PromptBox } from './promptBox';

const MENU = 'jupyter-agent:cell-menu';
/** The name of its button in a cell's toolbar, as the settings have it. */
const BUTTON = '[data-jp-item-name="ask-the-agent-about-the-cell"]';

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
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: isThere,
      isVisible: () => way !== 'fix' || (notebooks.activeCell !== null && failed(notebooks.activeCell)),
      execute: () => run(surroundings, way)
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

/** Do an errand for the active cell, or open the box below it. */
export async function run({ notebooks, sidebar, open, translation }: ICellSurroundings, way: Way): Promise<void> {
  const notebook = notebooks.currentWidget;
  const cell = notebooks.activeCell;
  if (!notebook || !cell) {
    return;
  }
  if (way === 'edit') {
    PromptBox.open(cell, { desk: sidebar.desk(), notebook, translation, openSidebar: open });
  } else {
    open();
    await (await sidebar.desk()).do(way, notebook, cell);
  }
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
