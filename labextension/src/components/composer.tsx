// Where the user types: Enter sends, Shift+Enter makes a line, arrows bring earlier questions, / and @ complete.

import * as React from 'react';
import { stopIcon } from '@jupyterlab/ui-components';
import { ChoicesBar } from './choicesBar';
import { useCompletion } from './completing';
import { CompletionList } from './completionList';
import type { Conversation } from '../chat/conversation';
import { sendIcon } from './icons';
import { pastQuestions } from '../chat/pastQuestions';
import { useServices } from './services';
import { submit } from '../chat/slashCommands';
import type { PageName } from './agentView';

const LARGEST_PIXELS = 200;

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
  onPage: (page: PageName) => void;
}

export function Composer({ conversation, input, onPage }: IProps): JSX.Element {
  const services = useServices();
  const { translation } = services;
  const text = conversation.draft;
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  const past = React.useRef({ index: -1, draft: '' });
  const answering = conversation.isAnswering;
  const change = (value: string) => {
    conversation.draft = value;
    redraw();
  };
  const completion = useCompletion(input, conversation.notebook, (value, cursor) => {
    change(value);
    window.setTimeout(() => input.current?.setSelectionRange(cursor, cursor));
  });
  const send = () => {
    const question = text.trim();
    if (question && !answering) {
      past.current.index = -1;
      completion.close();
      change('');
      void submit(question, { conversation, services, onPage });
    }
  };
  const recall = (step: number): boolean => {
    const questions = pastQuestions(conversation);
    const { index, draft } = past.current;
    const next = index + step;
    if (next < -1 || next >= questions.length) {
      return false;
    }
    past.current = { index: next, draft: index < 0 ? text : draft };
    change(next < 0 ? past.current.draft : questions[next]);
    return true;
  };
  const onKeyDown = (event: React.KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) {
      return;
    }
    const area = event.currentTarget;
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    const atStart = area.selectionStart === area.selectionEnd && !text.slice(0, area.selectionStart).includes('\n');
    const atEnd = area.selectionStart === area.selectionEnd && !text.slice(area.selectionEnd).includes('\n');
    if (
      completion.onKeyDown(event) ||
      (event.key === 'ArrowUp' && plain && atStart && recall(1)) ||
      (event.key === 'ArrowDown' && plain && atEnd && past.current.index >= 0 && recall(-1))
    ) {
      event.preventDefault();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };
  React.useLayoutEffect(() => fit(input.current), [text, input]);
  return (
    <form
      className="jp-agent-composer"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      <CompletionList completion={completion} />
      <textarea
        ref={input}
        value={text}
        rows={1}
        spellCheck
        data-lm-suppress-shortcuts="true"
        aria-label={translation.__('Question')}
        aria-autocomplete="list"
        aria-controls={completion.isOpen ? completion.id : undefined}
        aria-activedescendant={completion.isOpen ? `${completion.id}-${completion.index}` : undefined}
        placeholder={translation.__('Ask… (@ for names, / for commands)')}
        onChange={event => {
          past.current.index = -1;
          change(event.target.value);
          completion.look(event.target.value, event.target.selectionStart);
        }}
        onBlur={completion.close}
        onKeyDown={onKeyDown}
      />
      <div className="jp-agent-composer-foot">
        <ChoicesBar conversation={conversation} onPage={onPage} />
        {answering ? (
          <button
            type="button"
            className="jp-agent-send"
            title={translation.__('Stop (Escape)')}
            aria-label={translation.__('Stop')}
            onClick={() => {
              conversation.stop();
              input.current?.focus();
            }}
          >
            <stopIcon.react tag="span" />
          </button>
        ) : (
          <button
            type="submit"
            className="jp-agent-send"
            disabled={!text.trim()}
            title={translation.__('Send (Enter)')}
            aria-label={translation.__('Send')}
          >
            <sendIcon.react tag="span" />
          </button>
        )}
      </div>
    </form>
  );
}

function fit(area: HTMLTextAreaElement | null): void {
  if (area) {
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight, LARGEST_PIXELS)}px`;
  }
}
