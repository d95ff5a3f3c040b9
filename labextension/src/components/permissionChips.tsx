// Above the question: what the agent may do in this conversation without asking again, each with a button to take it back.

import * as React from 'react';
import { closeIcon } from '@jupyterlab/ui-components';
import type { Conversation } from '../chat/conversation';
import { useServices } from './services';

interface IProps {
  conversation: Conversation;
  /** Called when the button that was pressed is about to be removed: the focus has to move. */
  onDone: () => void;
}

export function PermissionChips({ conversation, onDone }: IProps): JSX.Element | null {
  const { translation } = useServices();
  if (conversation.permissions.length === 0) {
    return null;
  }
  return (
    <ul className="jp-agent-permissions" aria-label={translation.__('Allowed in this conversation')}>
      {conversation.permissions.map(effect => {
        const text =
          effect === 'execute'
            ? translation.__('May run code in this conversation')
            : translation.__('May edit cells in this conversation');
        return (
          <li key={effect}>
            <span>{text}</span>
            <button
              type="button"
              title={translation.__('Take it back: ask me again each time')}
              aria-label={translation.__('Take back: %1', text)}
              onClick={() => {
                void conversation.revoke(effect);
                onDone();
              }}
            >
              <closeIcon.react tag="span" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
