// The stored conversations of this notebook or of all: search, open, rename, delete.

import * as React from 'react';
import { deleteIcon, editIcon } from '@jupyterlab/ui-components';
import type { SessionListReply, SessionReply } from '../api/wire';
import type { Conversation } from '../chat/conversation';
import { confirmDeletion, remove } from '../chat/sessionActions';
import { relativeTime } from './format';
import { IconButton } from './iconButton';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

const DEBOUNCE_MILLISECONDS = 250;

interface IProps {
  conversation: Conversation;
  onClose: () => void;
}

export function ConversationList({ conversation, onClose }: IProps): JSX.Element {
  const { translation } = useServices();
  const [text, setText] = React.useState('');
  const [everywhere, setEverywhere] = React.useState(conversation.notebook === null);
  const { page, problem, loadMore, reload } = useSessions(conversation, text, everywhere);
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
      {page && page.sessions.length === 0 && <p className="jp-agent-note">{translation.__('No conversations found.')}</p>}
      <ul className="jp-agent-list" aria-label={translation.__('Conversations')}>
        {page?.sessions.map(session => (
          <Row
            key={`${session.notebook_id}/${session.session_id}`}
            session={session}
            conversation={conversation}
            everywhere={everywhere}
            onOpened={onClose}
            onChanged={reload}
          />
        ))}
      </ul>
      {page?.cursor && (
        <button type="button" className="jp-agent-button" onClick={loadMore}>
          {translation.__('Show more')}
        </button>
      )}
    </div>
  );
}

interface IRowProps {
  session: SessionReply;
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
  const title = withHiddenShown(session.title) || translation.__('Untitled');
  const isCurrent = conversation.session?.session_id === id && conversation.session.notebook_id === notebook;
  const open = async () => {
    if (notebook === conversation.notebookId) {
      await conversation.open(session);
    } else {
      await services.openSession(session);
    }
    onOpened();
  };
  const confirmAndRemove = async () => {
    if (await confirmDeletion(translation)) {
      await remove(conversation, session, translation);
      onChanged();
    }
  };
  const rename = async (newTitle: string) => {
    setRenaming(false);
    if (newTitle.trim() && newTitle !== session.title) {
      await conversation.attempt(async () => {
        await conversation.api.sessions.rename(id, notebook, newTitle.trim());
      });
      onChanged();
    }
  };
  return (
    <li className="jp-agent-row" aria-current={isCurrent || undefined}>
      {renaming ? (
        <TitleInput title={session.title} onEnd={newTitle => void rename(newTitle)} />
      ) : (
        <button type="button" className="jp-agent-row-main" onClick={() => void open()}>
          <span className="jp-agent-row-title">{title}</span>
          <span className="jp-agent-row-more">
            {[
              everywhere ? withHiddenShown(notebook) : '',
              translation._n('%1 question', '%1 questions', session.turns),
              relativeTime(session.last_activity, translation)
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </button>
      )}
      <IconButton icon={editIcon} label={translation.__('Rename “%1”', title)} onClick={() => setRenaming(true)} />
      <IconButton icon={deleteIcon} label={translation.__('Delete “%1”', title)} onClick={() => void confirmAndRemove()} />
    </li>
  );
}

function TitleInput({ title, onEnd }: { title: string; onEnd: (title: string) => void }): JSX.Element {
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

/** The sessions that match, a page at a time; results and errors of an earlier query are dropped. */
function useSessions(conversation: Conversation, text: string, everywhere: boolean) {
  const [page, setPage] = React.useState<SessionListReply | null>(null);
  const [problem, setProblem] = React.useState('');
  const [version, reload] = React.useReducer((count: number) => count + 1, 0);
  const query = React.useRef(0);
  const request = async (cursor: string | null, onPage: (page: SessionListReply) => void) => {
    const current = query.current;
    try {
      const notebook = everywhere ? null : conversation.notebookId;
      const next = await conversation.api.sessions.find(notebook, text.trim(), cursor);
      if (current === query.current) {
        onPage(next);
        setProblem('');
      }
    } catch (error) {
      if (current === query.current) {
        setProblem(conversation.errorMessage(error));
      }
    }
  };
  React.useEffect(() => {
    const timer = window.setTimeout(() => void request(null, setPage), text ? DEBOUNCE_MILLISECONDS : 0);
    return () => {
      query.current++;
      window.clearTimeout(timer);
    };
  }, [conversation, text, everywhere, version]);
  const loadMore = () => {
    if (page) {
      const append = ({ sessions, cursor }: SessionListReply) =>
        // Unless a second click has added them already.
        setPage(shown => (shown === page ? { ...page, sessions: [...page.sessions, ...sessions], cursor } : shown));
      void request(page.cursor, append);
    }
  };
  return { page, problem, loadMore, reload };
}
