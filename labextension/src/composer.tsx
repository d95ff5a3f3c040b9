// Where the user types: Enter sends, Shift+Enter makes a line, Escape stops.

import * as React from 'react';
import { stopIcon } from '@jupyterlab/ui-components';
import type { Conversation } from './conversation';
import { sendIcon } from './icon';
import { useServices } from './services';

const LARGEST_PIXELS = 200;


interface IProps {
  conversation: Conversation;
  input: React.RefObject<HTMLTextAreaElement>;
}

export function Composer({ conversation, input }: IProps): JSX.Element {
  const { translation } = useServices();
  const [text, setText] = React.useState(conversation.draft);
  const answering = conversation.isAnswering;
  const change = (value: string) => {
    conversation.draft = value;
    setText(value);
  };
  const send = () => {
    if (!answering && text.trim()) {
      change('');
      void conversation.ask(text.trim());
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
      <textarea
        ref={input}
        value={text}
        rows={1}
        spellCheck
        data-lm-suppress-shortcuts="true"
        aria-label={translation.__('Question')}
        placeholder={translation.__('Ask about this notebook…')}
        onChange={event => change(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div className="jp-agent-composer-foot">
        <span className="jp-agent-model">{conversation.model}</span>
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
