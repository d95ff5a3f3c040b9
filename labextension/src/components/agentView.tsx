// The panel's content: the header, then the conversation or a page in its place.

import * as React from 'react';
import type { Conversation } from '../chat/conversation';
import { BranchTree } from './branchTree';
import { Composer } from './composer';
import { Header } from './header';
import { useSignal } from './hooks';
import { InstructionsCard, InstructionsPage } from './instructions';
import { KernelStrip } from './kernelStrip';
import { ConversationList } from './conversationList';
import { Preview } from './preview';
import { type PageName, useServices } from './services';
import { Settings } from './settingsView';
import { StalenessStrip } from './stalenessStrip';
import { TranscriptView } from './transcriptView';

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
}

export function AgentView({ conversation, input }: IProps): JSX.Element {
  const [page, setPage] = React.useState<PageName>('conversation');
  useSignal(conversation.changed);
  const close = () => {
    setPage('conversation');
    // The composer exists only after the next rendering.
    window.setTimeout(() => input.current?.focus());
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) {
      return;
    }
    if (page !== 'conversation') {
      event.stopPropagation();
      close();
    } else if (conversation.isAnswering) {
      event.stopPropagation();
      conversation.stop();
      input.current?.focus();
    }
  };
  return (
    <div className="jp-agent" onKeyDown={onKeyDown}>
      <Header conversation={conversation} input={input} page={page} openPage={setPage} onClose={close} />
      {page === 'conversations' && <ConversationList conversation={conversation} onClose={close} />}
      {page === 'branches' && <BranchTree conversation={conversation} onClose={close} />}
      {page === 'preview' && <Preview conversation={conversation} />}
      {page === 'instructions' && <InstructionsPage conversation={conversation} />}
      {page === 'settings' && <Settings conversation={conversation} onClose={close} />}
      {page === 'conversation' && (
        <>
          <TranscriptView conversation={conversation} input={input} />
          <Notices conversation={conversation} />
          <InstructionsCard conversation={conversation} onDone={() => input.current?.focus()} />
          <StalenessStrip notebook={conversation.notebook} />
          <KernelStrip conversation={conversation} onPreview={() => setPage('preview')} />
          <Composer conversation={conversation} input={input} openPage={setPage} />
        </>
      )}
    </div>
  );
}

function Notices({ conversation }: { conversation: Conversation }): JSX.Element {
  const { translation } = useServices();
  return (
    <div className="jp-agent-notices" role="status">
      {conversation.notice && (
        <div className="jp-agent-note">
          <span>{conversation.notice}</span>
          <button type="button" className="jp-agent-small-button" onClick={() => conversation.notify('')}>
            {translation.__('Dismiss')}
          </button>
        </div>
      )}
    </div>
  );
}
