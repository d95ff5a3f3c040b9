// The panel's first line: which notebook, and what can be done with its conversations.

import * as React from 'react';
import { addIcon, closeIcon, ellipsesIcon, historyIcon, LabIcon } from '@jupyterlab/ui-components';
import type { Conversation } from '../chat/conversation';
import { openMenu } from './menu';
import { useServices } from './services';
import type { PageName } from './agentView';

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
  page: PageName;
  onPage: (page: PageName) => void;
  onBack: () => void;
}

export function Header({ conversation, input, page, onPage, onBack }: IProps): JSX.Element {
  const services = useServices();
  const { translation } = services;
  const empty = !conversation.transcript.last && !conversation.session;
  const startNew = () => {
    conversation.startNew();
    onBack();
  };
  const showMenu = (event: React.MouseEvent) => {
    openMenu(event.currentTarget as HTMLElement, { conversation, services, onPage, onDone: () => input.current?.focus() });
  };
  if (page !== 'conversation') {
    return (
      <div className="jp-agent-header">
        <h2>{pageTitle(page, translation.__.bind(translation))}</h2>
        <IconButton icon={closeIcon} label={translation.__('Back to the conversation')} onClick={onBack} />
      </div>
    );
  }
  return (
    <div className="jp-agent-header">
      <h2 title={conversation.session?.title || conversation.title}>{conversation.title || translation.__('Agent')}</h2>
      <IconButton icon={historyIcon} label={translation.__('Conversations')} onClick={() => onPage('library')} />
      <IconButton icon={addIcon} label={translation.__('New conversation')} disabled={empty} onClick={startNew} />
      <IconButton icon={ellipsesIcon} label={translation.__('More')} popup onClick={showMenu} />
    </div>
  );
}

interface IButtonProps {
  icon: LabIcon;
  label: string;
  disabled?: boolean;
  popup?: boolean;
  onClick: (event: React.MouseEvent) => void;
}

/** A button of a symbol alone, with its name for the eye on hovering and for readers. */
export function IconButton({ icon, label, disabled, popup, onClick }: IButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-agent-icon-button"
      disabled={disabled}
      title={label}
      aria-label={label}
      aria-haspopup={popup ? 'menu' : undefined}
      onClick={onClick}
    >
      <icon.react tag="span" />
    </button>
  );
}

function pageTitle(page: PageName, __: (text: string) => string): string {
  switch (page) {
    case 'library':
      return __('Conversations');
    case 'branches':
      return __('Branches');
    case 'preview':
      return __('What will be sent');
    case 'settings':
      return __('Settings');
    default:
      return '';
  }
}
