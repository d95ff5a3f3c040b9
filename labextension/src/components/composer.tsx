// The input for questions: Enter sends, Shift+Enter adds a line, arrow keys recall past questions, / and @ complete; pictures are pasted or dropped.

import * as React from 'react';
import { stopIcon } from '@jupyterlab/ui-components';
import type { Conversation } from '../chat/conversation';
import { submit } from '../chat/slashCommands';
import { ChoicesBar } from './choicesBar';
import { CompletionList, useCompletion } from './completionList';
import { useRender } from './hooks';
import { sendIcon } from './icons';
import { PermissionChips } from './permissionChips';
import { AttachButton, DraftPictures, onPaste, useDrop, usePictureDraft } from './pictures';
import { type PageName, useServices } from './services';

const MAX_HEIGHT_PIXELS = 200;

interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
  openPage: (page: PageName) => void;
}

export function Composer({ conversation, input, openPage }: IProps): JSX.Element {
  const services = useServices();
  const { translation } = services;
  const text = conversation.draft;
  const render = useRender();
  const past = React.useRef({ index: -1, draft: '' });
  const { isAnswering } = conversation;
  const change = (value: string) => {
    conversation.draft = value;
    render();
  };
  const form = React.useRef<HTMLFormElement>(null);
  const pictures = usePictureDraft(conversation, render);
  useDrop(form, pictures);
  const completion = useCompletion(input, conversation.notebook, (value, cursor) => {
    change(value);
    window.setTimeout(() => input.current?.setSelectionRange(cursor, cursor));
  });
  const send = () => {
    const question = text.trim();
    if (question && !isAnswering) {
      past.current.index = -1;
      completion.close();
      change('');
      pictures.clearNotes();
      void submit(question, { conversation, services, openPage, pictures: conversation.draftPictures });
    }
  };
  const recall = (step: number): boolean => {
    const questions = conversation.pastQuestions;
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
    const hasNoModifier = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    const atStart = area.selectionStart === area.selectionEnd && !text.slice(0, area.selectionStart).includes('\n');
    const atEnd = area.selectionStart === area.selectionEnd && !text.slice(area.selectionEnd).includes('\n');
    if (
      completion.onKeyDown(event) ||
      (event.key === 'ArrowUp' && hasNoModifier && atStart && recall(1)) ||
      (event.key === 'ArrowDown' && hasNoModifier && atEnd && past.current.index >= 0 && recall(-1))
    ) {
      event.preventDefault();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };
  React.useLayoutEffect(() => fitHeight(input.current), [text, input]);
  return (
    <form
      ref={form}
      className="jp-agent-composer"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      <CompletionList completion={completion} />
      <PermissionChips conversation={conversation} onDone={() => input.current?.focus()} />
      <DraftPictures pictures={conversation.draftPictures} draft={pictures} onDone={() => input.current?.focus()} />
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
          completion.update(event.target.value, event.target.selectionStart);
        }}
        onBlur={completion.close}
        onPaste={event => onPaste(event, pictures)}
        onKeyDown={onKeyDown}
      />
      <div className="jp-agent-composer-foot">
        <AttachButton draft={pictures} />
        <ChoicesBar conversation={conversation} openPage={openPage} />
        {isAnswering ? (
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

function fitHeight(area: HTMLTextAreaElement | null): void {
  if (area) {
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight, MAX_HEIGHT_PIXELS)}px`;
  }
}
