// A question and its answer in the page.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import type { IAlternatives } from '../chat/branches';
import type { Conversation } from '../chat/conversation';
import { canRetry, type ITurn, isRunning, pendingCalls } from '../chat/turn';
import type { GroundingSource } from '../api/wire';
import { submit } from '../chat/slashCommands';
import { AnswerFooter } from './answerFooter';
import { AnswerText } from './answerText';
import { QuestionView } from './questionView';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';
import { ToolRow } from './toolRow';

/** The tool that shows a plan; its newest call is the plan. */
const PLAN_TOOL = 'update_plan';

interface IProps {
  conversation: Conversation;
  turn: ITurn;
  /** The versions of its question. */
  alternatives: IAlternatives | null;
  isLast: boolean;
  /** Called when the button that was pressed is about to be removed: the focus has to move. */
  onDone: () => void;
}

export const TurnView = React.memo(
  Turn,
  (before, now) =>
    before.turn === now.turn &&
    before.isLast === now.isLast &&
    before.alternatives?.index === now.alternatives?.index &&
    before.alternatives?.turns.length === now.alternatives?.turns.length
);

function Turn({ conversation, turn, alternatives, isLast, onDone }: IProps) {
  const services = useServices();
  const { translation } = services;
  const running = isRunning(turn);
  const last = turn.parts[turn.parts.length - 1];
  const plan = turn.parts.filter(part => part.kind === 'tool' && part.tool === PLAN_TOOL).pop();
  const pending = pendingCalls(turn);
  const decideAll = (decision: 'approve' | 'deny') => {
    for (const part of pending) {
      void conversation.decide(turn, part, { decision });
    }
    onDone();
  };
  const repeat = () => {
    void conversation.askInstead(turn, turn.question);
    onDone();
  };
  const describeSource = (source: GroundingSource) => sourceTitle(source, turn, conversation, translation);
  return (
    <article className="jp-agent-exchange" data-status={turn.status}>
      {turn.question && (
        <QuestionView conversation={conversation} turn={turn} alternatives={alternatives} onDone={onDone} />
      )}
      <div className="jp-agent-answer">
        {turn.parts.map((part, index) =>
          part.kind === 'tool' && part.tool === PLAN_TOOL ? (
            part === plan && <PlanView key={part.callId} items={part.arguments.items} />
          ) : part.kind === 'tool' ? (
            <ToolRow
              key={part.callId}
              conversation={conversation}
              part={part}
              running={running}
              onInterrupt={() => void conversation.notebook?.sessionContext.session?.kernel?.interrupt()}
              onDecide={decision => {
                void conversation.decide(turn, part, decision);
                onDone();
              }}
            />
          ) : part.kind === 'thinking' ? (
            <details key={index} className="jp-agent-tool">
              <summary>{translation.__('Thinking')}</summary>
              <pre tabIndex={0}>{withHiddenShown(part.text.trim())}</pre>
            </details>
          ) : (
            <AnswerText key={index} text={part.text} live={running && part === last} grounding={turn.grounding} describeSource={describeSource} />
          )
        )}
        {pending.length > 1 && (
          <div className="jp-agent-buttons" role="group" aria-label={translation.__('All %1 proposals', pending.length)}>
            <button type="button" className="jp-agent-button jp-agent-primary" onClick={() => decideAll('approve')}>
              {translation.__('Allow all %1 once', pending.length)}
            </button>
            <button type="button" className="jp-agent-button" onClick={() => decideAll('deny')}>
              {translation.__('Deny all')}
            </button>
          </div>
        )}
        {running && pending.length === 0 && <AnsweringIndicator />}
        {turn.waiting && (
          <p className="jp-agent-note" role="status">
            {turn.waiting}
          </p>
        )}
        {turn.isDisconnected && <p className="jp-agent-note">{translation.__('The connection is lost. Reconnecting…')}</p>}
        <Outcome turn={turn} isLast={isLast} onRetry={repeat} />
        {isLast && turn.suggestions.length > 0 && (
          <div className="jp-agent-examples" role="group" aria-label={translation.__('What can be asked')}>
            {turn.suggestions.map(suggestion => (
              <button
                key={suggestion.query}
                type="button"
                className="jp-agent-button"
                title={suggestion.query}
                onClick={() => {
                  void submit(suggestion.query, { conversation, services, openPage: () => undefined });
                  onDone();
                }}
              >
                {suggestion.label}
              </button>
            ))}
          </div>
        )}
        {!running && !turn.isLocal && <AnswerFooter turn={turn} onRepeat={repeat} />}
      </div>
    </article>
  );
}

/** Where a number of the answer comes from, in words. */
function sourceTitle(
  { kind, id }: GroundingSource,
  turn: ITurn,
  conversation: Conversation,
  translation: TranslationBundle
): string {
  if (kind === 'derived') {
    return translation.__('Computed from numbers of your notebook');
  }
  if (kind === 'tool') {
    const call = turn.parts.find(part => part.kind === 'tool' && part.callId === id);
    return call?.kind === 'tool' ? translation.__('From the result of: %1', call.title) : translation.__('From an earlier result');
  }
  const cell = conversation.notebook?.content.widgets.find(widget => widget.model.id === id)?.model;
  if (!cell) {
    return id ? translation.__('From your notebook: %1', id) : translation.__('From your question or your notebook');
  }
  const count = cell.type === 'code' ? (cell.toJSON() as { execution_count?: number | null }).execution_count : null;
  return count ? translation.__('From In [%1]', count) : translation.__('From a cell of your notebook');
}

/** The model's plan as a list with ticks; the arguments of a call may be anything. */
function PlanView({ items }: { items: unknown }): JSX.Element {
  const { translation } = useServices();
  const shown = (Array.isArray(items) ? items : []) as Partial<Record<'text' | 'done', unknown>>[];
  return (
    <ul className="jp-agent-plan" aria-label={translation.__('Plan')}>
      {shown.map((item, index) => (
        <li key={index}>
          <label>
            <input type="checkbox" checked={item?.done === true} disabled readOnly />
            {withHiddenShown(String(item?.text ?? ''))}
          </label>
        </li>
      ))}
    </ul>
  );
}

function AnsweringIndicator(): JSX.Element {
  const { translation } = useServices();
  return (
    <div className="jp-agent-thinking" role="img" aria-label={translation.__('Answering')}>
      <span />
      <span />
      <span />
    </div>
  );
}

function Outcome({ turn, isLast, onRetry }: { turn: ITurn; isLast: boolean; onRetry: () => void }) {
  const { translation } = useServices();
  const message = outcomeMessage(turn, translation);
  const failed = turn.status === 'failed';
  return (
    <>
      {turn.warnings.map(warning => (
        <p key={warning} className="jp-agent-note">
          {warning}
        </p>
      ))}
      {message && (
        <div className={failed ? 'jp-agent-note jp-agent-problem' : 'jp-agent-note'} role={failed ? 'alert' : undefined}>
          <span>{message}</span>
          {isLast && canRetry(turn) && (
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

function outcomeMessage(turn: ITurn, translation: TranslationBundle): string {
  switch (turn.status) {
    case 'failed':
      return turn.problem || translation.__('This question could not be answered.');
    case 'cancelled':
      return translation.__('Stopped.');
    case 'interrupted':
      return translation.__('The server stopped before the answer was complete.');
    case 'done':
      return limitMessage(turn.finishReason, translation);
    default:
      return '';
  }
}

function limitMessage(reason: string, translation: TranslationBundle): string {
  switch (reason) {
    case '':
    case 'stop':
      return '';
    case 'length':
      return translation.__('The answer was truncated at the model’s length limit.');
    case 'deadline':
      return translation.__('The time limit for this answer was reached.');
    case 'refused':
      return translation.__('The model declined to answer.');
    default:
      return translation.__('The agent reached a limit (%1).', reason.replace(/_/g, ' '));
  }
}
