// The panel's content: header, then the conversation or one of the pages beside it.

import * as React from 'react';
import { BranchTree } from './branchTree';
import { Composer } from './composer';
import type { Conversation } from '../chat/conversation';
import { Header } from './header';
import { KnowledgeStrip } from './kernelStrip';
import { Library } from './library';
import { Preview } from './preview';
import { useServices } from './services';
import { Settings } from './settingsView';
import { StalenessStrip } from './stalenessStrip';
import { TranscriptView } from './transcriptView';

/** What the panel shows: the conversation, or something about it. */
export type PageName = 'conversation' | 'library' | 'branches' | 'preview' | 'settings';

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
}

export function AgentView({ conversation, input }: IProps): JSX.Element {
  const [page, setPage] = React.useState<PageName>('conversation');
  useRedraw(conversation);
  const back = () => {
    setPage('conversation');
    // The composer is there again only after it has been drawn.
    window.setTimeout(() => input.current?.focus());
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) {
      return;
    }
    if (page !== 'conversation') {
      event.stopPropagation();
      back();
    } else if (conversation.isAnswering) {
      event.stopPropagation();
      conversation.stop();
      input.current?.focus();
    }
  };
  return (
    <div className="jp-agent" onKeyDown={onKeyDown}>
      <Header conversation={conversation} input={input} page={page} onPage={setPage} onBack={back} />
      {page === 'library' && <Library conversation={conversation} onDone={back} />}
      {page === 'branches' && <BranchTree conversation={conversation} onDone={back} />}
      {page === 'preview' && <Preview conversation={conversation} />}
      {page === 'settings' && <Settings conversation={conversation} onDone={back} />}
      {page === 'conversation' && (
        <>
          <TranscriptView conversation={conversation} input={input} />
          <Notices conversation={conversation} />
          <StalenessStrip notebook={conversation.notebook} />
          <KnowledgeStrip conversation={conversation} onPreview={() => setPage('preview')} />
          <Composer conversation={conversation} input={input} onPage={setPage} />
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
          <button type="button" className="jp-agent-small-button" onClick={() => conversation.tell('')}>
            {translation.__('Dismiss')}
          </button>
        </div>
      )}
    </div>
  );
}

/** Draw again whenever there is something new in a conversation. */
export function useRedraw(conversation: Conversation): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    conversation.changed.connect(redraw);
    redraw();
    return () => {
      conversation.changed.disconnect(redraw);
    };
  }, [conversation]);
}
