// All stored conversations: of this notebook or of all, searched in every word, opened, renamed, deleted.

import * as React from 'react';
import { deleteIcon, editIcon } from '@jupyterlab/ui-components';
import type { Conversation } from '../chat/conversation';
import { withHiddenShown } from './sanitize';
import { IconButton } from './header';
import { confirmDeletion } from './menu';
import { useServices } from './services';
import type { IPage, ISession } from '../api/sessions';
import { ago } from './format';

const TYPING_MILLISECONDS = 250;

interface IProps {
  conversation: Conversation;
  onDone: () => void;
}

export function Library({ conversation, onDone }: IProps): JSX.Element {
  const { translation } = useServices();
  const [text, setText] = React.useState('');
  const [everywhere, setEverywhere] = React.useState(conversation.notebook === null);
  const { page, problem, more, again } = usePage(conversation, text, everywhere);
  return (
    <div className="jp-agent-page">
      <div className="jp-agent-search">
        <input
          type="search"
          autoFocus
          value={text}
          placeholder={translation.__('Search in questions and answers')}
          aria-label={translation.__('Search in conversations')}
          onChange={event => setText(event.target.value)}
        />
        <label>
          <input type="checkbox" checked={everywhere} onChange={event => setEverywhere(event.target.checked)} />
          {translation.__('All notebooks')}
        </label>
      </div>
      {problem && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {problem}
        </p>
      )}
      <p className="jp-agent-for-readers" role="status">
        {page && translation._n('%1 conversation', '%1 conversations', page.sessions.length)}
      </p>
      {page && page.sessions.length === 0 && <p className="jp-agent-note">{translation.__('There are none.')}</p>}
      <ul className="jp-agent-list" aria-label={translation.__('Conversations')}>
        {page?.sessions.map(session => (
          <Row
            key={`${session.notebook_id}/${session.session_id}`}
            session={session}
            conversation={conversation}
            everywhere={everywhere}
            onOpened={onDone}
            onChanged={again}
          />
        ))}
      </ul>
      {page?.cursor && (
        <button type="button" className="jp-agent-button" onClick={more}>
          {translation.__('Show more')}
        </button>
      )}
    </div>
  );
}

interface IRowProps {
  session: ISession;
  conversation: Conversation;
  everywhere: boolean;
  onOpened: () => void;
  onChanged: () => void;
}

function Row({ session, conversation, everywhere, onOpened, onChanged }: IRowProps): JSX.Element {
  const services = useServices();
  const { translation } = services;
  const [renaming, setRenaming] = React.useState(false);
  const { session_id: id, notebook_id: notebook } = session;
  const title = withHiddenShown(session.title) || translation.__('Without a title');
  const isCurrent = conversation.session?.session_id === id && conversation.session.notebook_id === notebook;
  const open = async () => {
    if (notebook === conversation.notebookId) {
      await conversation.open(session);
    } else {
      await services.openElsewhere(session);
    }
    onOpened();
  };
  const remove = async () => {
    if (!(await confirmDeletion(services))) {
      return;
    }
    if (isCurrent) {
      conversation.startNew();
    }
    await conversation.attempt(() => conversation.server.sessions.clear(id, notebook));
    onChanged();
  };
  const rename = async (wanted: string) => {
    setRenaming(false);
    if (wanted.trim() && wanted !== session.title) {
      await conversation.attempt(async () => {
        await conversation.server.sessions.rename(id, notebook, wanted.trim());
      });
      onChanged();
    }
  };
  return (
    <li className="jp-agent-row" aria-current={isCurrent || undefined}>
      {renaming ? (
        <Title title={session.title} onEnd={wanted => void rename(wanted)} />
      ) : (
        <button type="button" className="jp-agent-row-main" onClick={() => void open()}>
          <span className="jp-agent-row-title">{title}</span>
          <span className="jp-agent-row-more">
            {[
              everywhere ? withHiddenShown(notebook) : '',
              translation._n('%1 question', '%1 questions', Math.ceil(session.turn_count / 2)),
              ago(session.last_activity, translation)
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </button>
      )}
      <IconButton icon={editIcon} label={translation.__('Rename “%1”', title)} onClick={() => setRenaming(true)} />
      <IconButton icon={deleteIcon} label={translation.__('Delete “%1”', title)} onClick={() => void remove()} />
    </li>
  );
}

function Title({ title, onEnd }: { title: string; onEnd: (title: string) => void }): JSX.Element {
  const { translation } = useServices();
  const [text, setText] = React.useState(title);
  return (
    <input
      autoFocus
      value={text}
      maxLength={200}
      aria-label={translation.__('Title')}
      onChange={event => setText(event.target.value)}
      onBlur={() => onEnd(text)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          onEnd(event.key === 'Enter' ? text : title);
        }
      }}
    />
  );
}

function usePage(conversation: Conversation, text: string, everywhere: boolean) {
  const [page, setPage] = React.useState<IPage | null>(null);
  const [problem, setProblem] = React.useState('');
  const [round, again] = React.useReducer((count: number) => count + 1, 0);
  const find = (cursor: string | null) =>
    conversation.server.sessions.find(everywhere ? null : conversation.notebookId, text.trim(), cursor);
  React.useEffect(() => {
    let current = true;
    const timer = window.setTimeout(
      async () => {
        try {
          const found = await find(null);
          if (current) {
            setPage(found);
            setProblem('');
          }
        } catch (error) {
          setProblem(current ? conversation.words(error) : '');
        }
      },
      text ? TYPING_MILLISECONDS : 0
    );
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [conversation, text, everywhere, round]);
  const more = async () => {
    const next = await find(page?.cursor ?? null).catch(() => null);
    if (next && page) {
      setPage({ sessions: [...page.sessions, ...next.sessions], cursor: next.cursor });
    }
  };
  return { page, problem, more: () => void more(), again };
}
