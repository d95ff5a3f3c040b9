// A question and its answer in the page.

import * as React from 'react';
import { refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { AnswerView } from './answerView';
import { addBars } from './codeblock';
import { canRetry, type Conversation } from './conversation';
import { type IExchange, isOpen, waitsForUser } from './exchange';
import { useServices } from './services';
import { ToolRow } from './toolRow';

interface IProps {
  conversation: Conversation;
  exchange: IExchange;
  isLast: boolean;
  /** Called when a button that the user pressed is about to vanish: the focus has to go somewhere. */
  onDone: () => void;
}

export const ExchangeView = React.memo(
  Exchange,
  (before, now) => before.exchange === now.exchange && before.isLast === now.isLast
);

function Exchange({ conversation, exchange, isLast, onDone }: IProps) {
  const { translation } = useServices();
  const open = isOpen(exchange);
  const last = exchange.parts[exchange.parts.length - 1];
  const retry = () => {
    conversation.retry(exchange);
    onDone();
  };
  return (
    <article className="jp-agent-exchange" data-status={exchange.status}>
      {exchange.question && (
        <div className="jp-agent-question">
          <span className="jp-agent-for-readers">{translation.__('You asked:')} </span>
          {exchange.question}
        </div>
      )}
      <div className="jp-agent-answer">
        {exchange.parts.map((part, index) =>
          part.kind === 'tool' ? (
            <ToolRow
              key={part.callId}
              part={part}
              open={open}
              onDecide={decision => {
                void conversation.decide(exchange, part, decision);
                onDone();
              }}
            />
          ) : (
            <Answer key={index} text={part.text} live={open && part === last} />
          )
        )}
        {open && !waitsForUser(exchange) && <Thinking />}
        <Ending exchange={exchange} isLast={isLast} onRetry={retry} />
      </div>
    </article>
  );
}

function Answer({ text, live }: { text: string; live: boolean }): JSX.Element {
  const { renderer, actions, translation } = useServices();
  const host = React.useRef<HTMLDivElement>(null);
  const view = React.useRef<AnswerView | null>(null);
  React.useEffect(() => {
    const made = new AnswerView(host.current!, renderer, block => addBars(block, actions, translation));
    view.current = made;
    return () => made.dispose();
  }, [renderer, actions, translation]);
  React.useEffect(() => view.current?.show(text, live), [text, live]);
  return <div ref={host} className="jp-agent-text jp-RenderedHTMLCommon" />;
}

function Thinking(): JSX.Element {
  const { translation } = useServices();
  return (
    <div className="jp-agent-thinking" role="img" aria-label={translation.__('Answering')}>
      <span />
      <span />
      <span />
    </div>
  );
}

function Ending({ exchange, isLast, onRetry }: { exchange: IExchange; isLast: boolean; onRetry: () => void }) {
  const { translation } = useServices();
  const words = endingWords(exchange, translation);
  const failed = exchange.status === 'failed';
  return (
    <>
      {exchange.warnings.map(warning => (
        <p key={warning} className="jp-agent-note">
          {warning}
        </p>
      ))}
      {words && (
        <div className={failed ? 'jp-agent-note jp-agent-problem' : 'jp-agent-note'} role={failed ? 'alert' : undefined}>
          <span>{words}</span>
          {isLast && canRetry(exchange) && (
            <button type="button" className="jp-agent-small-button" onClick={onRetry}>
              <refreshIcon.react tag="span" />
              {translation.__('Retry')}
            </button>
          )}
        </div>
      )}
    </>
  );
}

function endingWords(exchange: IExchange, translation: TranslationBundle): string {
  switch (exchange.status) {
    case 'failed':
      return exchange.problem || translation.__('This question could not be answered.');
    case 'cancelled':
      return translation.__('Stopped.');
    case 'interrupted':
      return translation.__('The server stopped before the answer was complete.');
    case 'done':
      return limitWords(exchange.finishReason, translation);
    default:
      return '';
  }
}

function limitWords(reason: string, translation: TranslationBundle): string {
  switch (reason) {
    case '':
    case 'stop':
      return '';
    case 'length':
      return translation.__('The answer was cut at the model’s length limit.');
    case 'deadline':
      return translation.__('The time for this answer was used up.');
    case 'refused':
      return translation.__('The model declined to answer.');
    default:
      return translation.__('The agent stopped at its limit (%1).', reason.replace(/_/g, ' '));
  }
}
