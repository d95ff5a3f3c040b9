// The panel's header: the notebook's name and the actions on its conversations.

import * as React from 'react';
import { addIcon, closeIcon, ellipsesIcon, historyIcon } from '@jupyterlab/ui-components';
import type { Conversation } from '../chat/conversation';
import { IconButton } from './iconButton';
import { openMenu } from './menu';
import { type PageName, useServices } from './services';

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
  page: PageName;
  openPage: (page: PageName) => void;
  onClose: () => void;
}

export function Header({ conversation, input, page, openPage, onClose }: IProps): JSX.Element {
  const services = useServices();
  const { translation } = services;
  const isEmpty = !conversation.transcript.last && !conversation.session;
  const startNew = () => {
    conversation.startNew();
    onClose();
  };
  const showMenu = (event: React.MouseEvent) => {
    openMenu(event.currentTarget as HTMLElement, { conversation, services, openPage, onDone: () => input.current?.focus() });
  };
  if (page !== 'conversation') {
    return (
      <div className="jp-agent-header">
        <h2>{pageTitle(page, translation.__.bind(translation))}</h2>
        <IconButton icon={closeIcon} label={translation.__('Back to the conversation')} onClick={onClose} />
      </div>
    );
  }
  return (
    <div className="jp-agent-header">
      <h2 title={conversation.session?.title || conversation.title}>{conversation.title || translation.__('Agent')}</h2>
      <IconButton icon={historyIcon} label={translation.__('Conversations')} onClick={() => openPage('conversations')} />
      <IconButton icon={addIcon} label={translation.__('New conversation')} disabled={isEmpty} onClick={startNew} />
      <IconButton icon={ellipsesIcon} label={translation.__('More')} popup onClick={showMenu} />
    </div>
  );
}

function pageTitle(page: PageName, __: (text: string) => string): string {
  switch (page) {
    case 'conversations':
      return __('Conversations');
    case 'branches':
      return __('Branches');
    case 'preview':
      return __('What will be sent');
    case 'instructions':
      return __('Instructions');
    case 'settings':
      return __('Settings');
    default:
      return '';
  }
}
