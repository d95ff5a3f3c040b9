// The panel's content: header, transcript, composer.

import * as React from 'react';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { addIcon, deleteIcon } from '@jupyterlab/ui-components';
import { followLink } from './answer';
import { Composer } from './composer';
import type { Conversation } from './conversation';
import { ExchangeView } from './exchangeView';
import { useServices } from './services';
import { StalenessStrip } from './stalenessView';
import { Welcome } from './welcome';

/** Within this distance of its end the transcript follows what is added. */
const NEAR_PIXELS = 60;
/** So long after its end an answer may still grow: code is highlighted, mathematics is set. */
const SETTLING_MILLISECONDS = 1500;

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
}

export function AgentView({ conversation, input }: IProps): JSX.Element {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    conversation.changed.connect(redraw);
    redraw();
    return () => {
      conversation.changed.disconnect(redraw);
    };
  }, [conversation]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape' && conversation.isAnswering) {
      event.stopPropagation();
      conversation.stop();
      input.current?.focus();
    }
  };
  return (
    <div className="jp-agent" onKeyDown={onKeyDown}>
      <Header conversation={conversation} input={input} />
      <Transcript conversation={conversation} input={input} />
      <StalenessStrip notebook={conversation.notebook} />
      <Composer conversation={conversation} input={input} />
    </div>
  );
}

function Header({ conversation, input }: IProps): JSX.Element {
  const { translation } = useServices();
  const empty = conversation.exchanges.length === 0;
  const startNew = () => {
    conversation.startNew();
    input.current?.focus();
  };
  const clear = async () => {
    const { button } = await showDialog({
      title: translation.__('Delete this conversation?'),
      body: translation.__('It is removed from the server for good. The notebook stays as it is.'),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: translation.__('Delete') })]
    });
    if (button.accept) {
      await conversation.clear();
    }
    input.current?.focus();
  };
  return (
    <div className="jp-agent-header">
      <h2 title={conversation.title}>{conversation.title || translation.__('Agent')}</h2>
      <button
        type="button"
        className="jp-agent-icon-button"
        disabled={empty}
        title={translation.__('Delete conversation')}
        aria-label={translation.__('Delete conversation')}
        onClick={() => void clear()}
      >
        <deleteIcon.react tag="span" />
      </button>
      <button
        type="button"
        className="jp-agent-icon-button"
        disabled={empty}
        title={translation.__('New conversation')}
        aria-label={translation.__('New conversation')}
        onClick={startNew}
      >
        <addIcon.react tag="span" />
      </button>
    </div>
  );
}

function Transcript({ conversation, input }: IProps): JSX.Element {
  const { translation } = useServices();
  const { exchanges } = conversation;
  const scroll = useFollowing(exchanges.length, conversation.isAnswering);
  const ask = (question: string) => {
    void conversation.ask(question);
    input.current?.focus();
  };
  // Links of answers are followed by us alone: nothing opens without a click, nothing opens here.
  const onClick = (event: React.MouseEvent) => followLink(event.nativeEvent);
  return (
    <div
      ref={scroll}
      className="jp-agent-transcript"
      role="log"
      aria-live="polite"
      aria-busy={conversation.isBusy}
      aria-label={translation.__('Conversation')}
      tabIndex={0}
      onClick={onClick}
      onAuxClick={onClick}
    >
      <div className="jp-agent-column">
        {exchanges.map((exchange, index) => (
          <ExchangeView
            key={exchange.id}
            conversation={conversation}
            exchange={exchange}
            isLast={index === exchanges.length - 1}
            onDone={() => input.current?.focus()}
          />
        ))}
        {exchanges.length === 0 && !conversation.isLoading && (
          <Welcome hasNotebook={conversation.notebook !== null} onAsk={ask} />
        )}
        {conversation.problem && <Problem conversation={conversation} />}
      </div>
    </div>
  );
}

function Problem({ conversation }: { conversation: Conversation }): JSX.Element {
  const { translation } = useServices();
  return (
    <div className="jp-agent-note jp-agent-problem" role="alert">
      <span>{conversation.problem}</span>
      <button type="button" className="jp-agent-small-button" onClick={() => void conversation.load()}>
        {translation.__('Retry')}
      </button>
    </div>
  );
}

/**
 * Keep the end in sight while an answer grows, unless the user has scrolled away; a new question ends that.
 * What the user unfolds makes the transcript grow, too, and must not move it.
 */
function useFollowing(count: number, answering: boolean): React.RefObject<HTMLDivElement> {
  const scroll = React.useRef<HTMLDivElement>(null);
  const following = React.useRef(true);
  const until = React.useRef(0);
  React.useEffect(() => {
    const outer = scroll.current!;
    const onScroll = () => {
      following.current = outer.scrollHeight - outer.scrollTop - outer.clientHeight < NEAR_PIXELS;
    };
    const observer = new ResizeObserver(() => {
      if (following.current && performance.now() < until.current) {
        outer.scrollTop = outer.scrollHeight;
      }
    });
    outer.addEventListener('scroll', onScroll);
    observer.observe(outer.firstElementChild!);
    return () => {
      outer.removeEventListener('scroll', onScroll);
      observer.disconnect();
    };
  }, []);
  React.useEffect(() => {
    until.current = answering ? Infinity : performance.now() + SETTLING_MILLISECONDS;
  }, [answering, count]);
  React.useEffect(() => {
    if (count > 0) {
      following.current = true;
      scroll.current!.scrollTop = scroll.current!.scrollHeight;
    }
  }, [count]);
  return scroll;
}
