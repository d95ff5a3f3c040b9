// A question in the page: its text, its other versions, and an editor to ask it differently.

import * as React from 'react';
import { caretLeftIcon, caretRightIcon, editIcon } from '@jupyterlab/ui-components';
import type { IAlternatives } from '../chat/branches';
import type { Conversation } from '../chat/conversation';
import { type ITurn, isRunning } from '../chat/turn';
import { IconButton } from './iconButton';
import { QuestionPictures } from './pictures';
import { useServices } from './services';

interface IProps {
  conversation: Conversation;
  turn: ITurn;
  alternatives: IAlternatives | null;
  onDone: () => void;
}

export function QuestionView({ conversation, turn, alternatives, onDone }: IProps): JSX.Element {
  const { translation } = useServices();
  const [editing, setEditing] = React.useState(false);
  const canEdit = !turn.isLocal && !isRunning(turn);
  if (editing) {
    const end = (question: string) => {
      setEditing(false);
      if (question) {
        void conversation.askInstead(turn, question);
      }
      onDone();
    };
    return <QuestionEditor question={turn.question} onEnd={end} />;
  }
  return (
    <div className="jp-agent-asked">
      <div className="jp-agent-question">
        <span className="jp-agent-for-readers">{translation.__('You asked:')} </span>
        {turn.question}
        <QuestionPictures conversation={conversation} pictures={turn.pictures} />
      </div>
      <div className="jp-agent-question-tools">
        {alternatives && <Alternatives conversation={conversation} {...alternatives} />}
        {canEdit && (
          <IconButton icon={editIcon} label={translation.__('Edit the question')} onClick={() => setEditing(true)} />
        )}
      </div>
    </div>
  );
}

function Alternatives({ conversation, turns, index }: { conversation: Conversation } & IAlternatives): JSX.Element {
  const { translation } = useServices();
  const show = (version: number) => void conversation.switchBranch(turns[version].turn_id);
  return (
    <span className="jp-agent-alternatives" role="group" aria-label={translation.__('Other versions of this question')}>
      <IconButton
        icon={caretLeftIcon}
        label={translation.__('Previous version')}
        disabled={index === 0}
        onClick={() => show(index - 1)}
      />
      <span>{translation.__('%1/%2', index + 1, turns.length)}</span>
      <IconButton
        icon={caretRightIcon}
        label={translation.__('Next version')}
        disabled={index === turns.length - 1}
        onClick={() => show(index + 1)}
      />
    </span>
  );
}

function QuestionEditor({ question, onEnd }: { question: string; onEnd: (question: string) => void }): JSX.Element {
  const { translation } = useServices();
  const [text, setText] = React.useState(question);
  return (
    <form
      className="jp-agent-editing"
      onSubmit={event => {
        event.preventDefault();
        onEnd(text.trim());
      }}
    >
      <textarea
        autoFocus
        value={text}
        rows={Math.min(8, text.split('\n').length + 1)}
        data-lm-suppress-shortcuts="true"
        aria-label={translation.__('Edited question')}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            onEnd('');
          } else if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            onEnd(text.trim());
          }
        }}
      />
      <p className="jp-agent-note">{translation.__('The original question and what follows it are kept on their own branch.')}</p>
      <div className="jp-agent-buttons">
        <button type="submit" className="jp-agent-button jp-agent-primary" disabled={!text.trim()}>
          {translation.__('Ask')}
        </button>
        <button type="button" className="jp-agent-button" onClick={() => onEnd('')}>
          {translation.__('Cancel')}
        </button>
      </div>
    </form>
  );
}
