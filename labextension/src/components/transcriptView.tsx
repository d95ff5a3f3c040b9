// The transcript in the page: ended turns are rendered once, the running one as it grows.

import * as React from 'react';
import type { Branches } from '../chat/branches';
import type { Conversation } from '../chat/conversation';
import type { ITurn } from '../chat/turn';
import { followLink } from './answerRenderer';
import { TurnView } from './turnView';
import { useServices } from './services';
import { Welcome } from './welcome';

/** Within this distance of its end the transcript scrolls along. */
const NEAR_END_PIXELS = 60;
/** So long after its end an answer may still grow: code is highlighted, mathematics is typeset. */
const GROWTH_MILLISECONDS = 1500;

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
}

export function TranscriptView({ conversation, input }: IProps): JSX.Element {
  const { translation } = useServices();
  const { ended, running } = conversation.transcript;
  const count = ended.length + (running ? 1 : 0);
  const scroll = useScrollToEnd(count, conversation.isAnswering);
  const onDone = React.useCallback(() => input.current?.focus(), [input]);
  const ask = (question: string) => {
    void conversation.ask(question);
    onDone();
  };
  // All links of answers are opened by followLink: only on a click, and never in this tab.
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
        <EndedTurns
          conversation={conversation}
          turns={ended}
          branches={conversation.branches}
          hasLast={running === null}
          onDone={onDone}
        />
        {running && (
          <TurnView
            key={running.id}
            conversation={conversation}
            turn={running}
            alternatives={conversation.branches?.alternatives(running.turnId) ?? null}
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

interface IEndedProps {
  conversation: Conversation;
  turns: readonly ITurn[];
  branches: Branches | null;
  /** Whether the last of them is the last of the transcript. */
  hasLast: boolean;
  onDone: () => void;
}

/** Not rendered again while an answer grows. */
const EndedTurns = React.memo(function EndedTurns({ conversation, turns, branches, hasLast, onDone }: IEndedProps) {
  return (
    <>
      {turns.map((turn, index) => (
        <TurnView
          key={turn.id}
          conversation={conversation}
          turn={turn}
          alternatives={branches?.alternatives(turn.turnId) ?? null}
          isLast={hasLast && index === turns.length - 1}
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
 * Keep the end visible while an answer grows, unless the user has scrolled up; a new question scrolls to the end again.
 * Details that the user unfolds make the transcript grow, too, and must not scroll it.
 */
function useScrollToEnd(count: number, isAnswering: boolean): React.RefObject<HTMLDivElement> {
  const scroll = React.useRef<HTMLDivElement>(null);
  const isFollowing = React.useRef(true);
  const until = React.useRef(0);
  React.useEffect(() => {
    const outer = scroll.current!;
    const onScroll = () => {
      isFollowing.current = outer.scrollHeight - outer.scrollTop - outer.clientHeight < NEAR_END_PIXELS;
    };
    const observer = new ResizeObserver(() => {
      if (isFollowing.current && performance.now() < until.current) {
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
    until.current = isAnswering ? Infinity : performance.now() + GROWTH_MILLISECONDS;
  }, [isAnswering, count]);
  React.useEffect(() => {
    if (count > 0) {
      isFollowing.current = true;
      scroll.current!.scrollTop = scroll.current!.scrollHeight;
    }
  }, [count]);
  return scroll;
}
