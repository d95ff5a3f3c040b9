// The menu of one conversation.

import { InputDialog } from '@jupyterlab/apputils';
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
import { branch, confirmDeletion, exportSession, redo, remove, rename, undo } from '../chat/sessionActions';
import type { IServices, PageName } from './services';

export interface IMenuContext {
  conversation: Conversation;
  services: IServices;
  openPage: (page: PageName) => void;
  onDone: () => void;
}

interface IItem {
  label: string;
  icon?: LabIcon;
  enabled?: boolean;
  execute: () => unknown;
}

/** Open the menu below its button. */
export function openMenu(button: HTMLElement, context: IMenuContext): void {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  menu.addClass('jp-agent-menu');
  items(context).forEach((item, index) => {
    if (!item) {
      menu.addItem({ type: 'separator' });
      return;
    }
    const command = `agent:${index}`;
    commands.addCommand(command, {
      label: item.label,
      icon: item.icon,
      isEnabled: () => item.enabled ?? true,
      execute: () => void item.execute()
    });
    menu.addItem({ command });
  });
  menu.aboutToClose.connect(() => button.focus());
  const { left, bottom } = button.getBoundingClientRect();
  menu.open(left, bottom);
}

function items({ conversation, services, openPage, onDone }: IMenuContext): (IItem | null)[] {
  const { translation } = services;
  const { session, branches, isAnswering } = conversation;
  const isStored = session !== null && !isAnswering;
  const pending = session?.pending_undo?.kind;
  const hasTurns = isStored && branches?.tree.head !== null;
  return [
    {
      label: pending === 'undo' ? translation.__('Finish Undo') : translation.__('Undo the Last Question'),
      icon: undoIcon,
      enabled: hasTurns,
      execute: () => undo(conversation, translation)
    },
    {
      label: pending === 'redo' ? translation.__('Finish Redo') : translation.__('Redo'),
      icon: redoIcon,
      enabled: isStored && (pending === 'redo' || !!branches?.tree.can_redo),
      execute: () => redo(conversation, translation)
    },
    { label: translation.__('Branches'), icon: treeViewIcon, enabled: isStored, execute: () => openPage('branches') },
    { label: translation.__('Continue in a Copy'), icon: duplicateIcon, enabled: isStored, execute: () => branch(conversation, translation) },
    null,
    { label: translation.__('Rename…'), icon: editIcon, enabled: isStored, execute: () => promptForTitle(conversation, services, onDone) },
    { label: translation.__('Export as Markdown'), icon: downloadIcon, enabled: isStored, execute: () => exportSession(conversation, 'md') },
    { label: translation.__('Export as Notebook'), icon: downloadIcon, enabled: isStored, execute: () => exportSession(conversation, 'ipynb') },
    { label: translation.__('Export as JSON'), icon: downloadIcon, enabled: isStored, execute: () => exportSession(conversation, 'json') },
    null,
    { label: translation.__('What Will Be Sent'), execute: () => openPage('preview') },
    { label: translation.__('Instructions'), execute: () => openPage('instructions') },
    { label: translation.__('Settings'), icon: settingsIcon, execute: () => openPage('settings') },
    null,
    {
      label: translation.__('Delete Conversation…'),
      icon: deleteIcon,
      enabled: session !== null,
      execute: async () => {
        if (session && (await confirmDeletion(translation))) {
          await remove(conversation, session, translation);
        }
        onDone();
      }
    }
  ];
}

async function promptForTitle(conversation: Conversation, { translation }: IServices, onDone: () => void): Promise<void> {
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
