// What was said, in the page: what is over is drawn once, what goes on is drawn as it grows.

import * as React from 'react';
import { followLink } from './answerRenderer';
import type { Branches } from '../chat/branches';
import type { Conversation } from '../chat/conversation';
import type { IExchange } from '../chat/exchange';
import { ExchangeView } from './exchangeView';
import { useServices } from './services';
import { Welcome } from './welcome';

/** Within this distance of its end the transcript follows what is added. */
const NEAR_PIXELS = 60;
/** So long after its end an answer may still grow: code is highlighted, mathematics is set. */
const SETTLING_MILLISECONDS = 1500;

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
}

export function TranscriptView({ conversation, input }: IProps): JSX.Element {
  const { translation } = useServices();
  const { settled, live } = conversation.transcript;
  const count = settled.length + (live ? 1 : 0);
  const scroll = useFollowing(count, conversation.isAnswering);
  const onDone = React.useCallback(() => input.current?.focus(), [input]);
  const ask = (question: string) => {
    void conversation.ask(question);
    onDone();
  };
  // Links of answers are followed by us alone: nothing opens without a click, nothing opens here.
  const onClick = (event: React.MouseEvent) => followLink(event.nativeEvent);
  return (
    <div
      ref={scroll}
      className="jp-agent-transcript"
      role="log"
      aria-live="polite"
      aria-busy={conversation.isAnswering}
      aria-label={translation.__('Conversation')}
      tabIndex={0}
      onClick={onClick}
      onAuxClick={onClick}
    >
      <div className="jp-agent-column">
        {conversation.hasEarlier && (
          <button type="button" className="jp-agent-button" onClick={() => void conversation.showEarlier()}>
            {translation.__('Show earlier questions')}
          </button>
        )}
        <Settled
          conversation={conversation}
          exchanges={settled}
          branches={conversation.branches}
          hasLast={live === null}
          onDone={onDone}
        />
        {live && (
          <ExchangeView
            key={live.id}
            conversation={conversation}
            exchange={live}
            alternatives={conversation.branches?.alternatives(live.turnId) ?? null}
            isLast
            onDone={onDone}
          />
        )}
        {count === 0 && !conversation.isLoading && <Welcome hasNotebook={conversation.notebook !== null} onAsk={ask} />}
        {conversation.problem && <Problem conversation={conversation} />}
      </div>
    </div>
  );
}

interface ISettledProps {
  conversation: Conversation;
  exchanges: readonly IExchange[];
  branches: Branches | null;
  /** Whether nothing comes after the last of them. */
  hasLast: boolean;
  onDone: () => void;
}

/** Not drawn again while an answer grows, however much was said before. */
const Settled = React.memo(function Settled({ conversation, exchanges, branches, hasLast, onDone }: ISettledProps) {
  return (
    <>
      {exchanges.map((exchange, index) => (
        <ExchangeView
          key={exchange.id}
          conversation={conversation}
          exchange={exchange}
          alternatives={branches?.alternatives(exchange.turnId) ?? null}
          isLast={hasLast && index === exchanges.length - 1}
          onDone={onDone}
        />
      ))}
    </>
  );
});

function Problem({ conversation }: { conversation: Conversation }): JSX.Element {
  const { translation } = useServices();
  return (
    <div className="jp-agent-note jp-agent-problem" role="alert">
      <span>{conversation.problem}</span>
      <button
        type="button"
        className="jp-agent-small-button"
        onClick={() => void (conversation.session ? conversation.reload() : conversation.load())}
      >
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
