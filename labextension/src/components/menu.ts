// The menu of one conversation: undo to delete.

import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import {
  deleteIcon,
  downloadIcon,
  duplicateIcon,
  editIcon,
  LabIcon,
  MenuSvg,
  redoIcon,
  settingsIcon,
  treeViewIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import type { Conversation } from '../chat/conversation';
import { branch, remove, rename, save, takeBack } from '../chat/sessionActions';
import type { IServices } from './services';
import type { PageName } from './agentView';

export interface IMenuContext {
  conversation: Conversation;
  services: IServices;
  onPage: (page: PageName) => void;
  onDone: () => void;
}

interface IEntry {
  label: string;
  icon?: LabIcon;
  enabled?: boolean;
  act: () => unknown;
}

/** Open it below its button. */
export function openMenu(button: HTMLElement, context: IMenuContext): void {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  menu.addClass('jp-agent-menu');
  entries(context).forEach((entry, index) => {
    if (!entry) {
      menu.addItem({ type: 'separator' });
      return;
    }
    const command = `agent:${index}`;
    commands.addCommand(command, {
      label: entry.label,
      icon: entry.icon,
      isEnabled: () => entry.enabled ?? true,
      execute: () => void entry.act()
    });
    menu.addItem({ command });
  });
  menu.aboutToClose.connect(() => button.focus());
  const { left, bottom } = button.getBoundingClientRect();
  menu.open(left, bottom);
}

function entries({ conversation, services, onPage, onDone }: IMenuContext): (IEntry | null)[] {
  const { translation } = services;
  const { session, branches, isAnswering } = conversation;
  const stored = session !== null && !isAnswering;
  const said = stored && branches?.tree.head !== null;
  return [
    { label: translation.__('Undo the Last Question'), icon: undoIcon, enabled: said, act: () => takeBack(conversation, 'undo', translation) },
    { label: translation.__('Redo'), icon: redoIcon, enabled: stored && !!branches?.tree.can_redo, act: () => takeBack(conversation, 'redo', translation) },
    { label: translation.__('Branches'), icon: treeViewIcon, enabled: stored, act: () => onPage('branches') },
    { label: translation.__('Continue in a Copy'), icon: duplicateIcon, enabled: stored, act: () => branch(conversation, translation) },
    null,
    { label: translation.__('Rename…'), icon: editIcon, enabled: stored, act: () => askForTitle(conversation, services, onDone) },
    { label: translation.__('Export as Markdown'), icon: downloadIcon, enabled: stored, act: () => save(conversation, 'md') },
    { label: translation.__('Export as Notebook'), icon: downloadIcon, enabled: stored, act: () => save(conversation, 'ipynb') },
    { label: translation.__('Export as JSON'), icon: downloadIcon, enabled: stored, act: () => save(conversation, 'json') },
    null,
    { label: translation.__('What Will Be Sent'), act: () => onPage('preview') },
    { label: translation.__('Settings'), icon: settingsIcon, act: () => onPage('settings') },
    null,
    {
      label: translation.__('Delete Conversation…'),
      icon: deleteIcon,
      enabled: session !== null,
      act: async () => {
        if (await confirmDeletion(services)) {
          await remove(conversation);
        }
        onDone();
      }
    }
  ];
}

async function askForTitle(conversation: Conversation, { translation }: IServices, onDone: () => void): Promise<void> {
  const { value } = await InputDialog.getText({
    title: translation.__('Rename this conversation'),
    label: translation.__('Title'),
    text: conversation.session?.title ?? ''
  });
  if (value?.trim()) {
    await rename(conversation, value.trim());
  }
  onDone();
}

/** Ask before something is gone for good. */
export async function confirmDeletion({ translation }: IServices): Promise<boolean> {
  const { button } = await showDialog({
    title: translation.__('Delete this conversation?'),
    body: translation.__('It is removed from the server for good. The notebook stays as it is.'),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: translation.__('Delete') })]
  });
  return button.accept;
}
