// What people have written for the agent: the card that asks about a project's texts, and the page with all of them.

import * as React from 'react';
import type { InstructionInfo, InstructionsReply } from '../api/wire';
import type { Conversation } from '../chat/conversation';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

interface IInstructions {
  reply: InstructionsReply | null;
  problem: string;
  choose: (entry: InstructionInfo, use: boolean) => Promise<void>;
}

/** Read when the component appears, and after each answer: files may have changed meanwhile. */
function useInstructions(conversation: Conversation): IInstructions {
  const [reply, setReply] = React.useState<InstructionsReply | null>(null);
  const [problem, setProblem] = React.useState('');
  const { api, notebookId, isAnswering } = conversation;
  React.useEffect(() => {
    let isCurrent = true;
    if (!isAnswering) {
      // Without an answer nothing is asked, and nothing counts: the server is who decides.
      api.instructions.list(notebookId).then(
        found => isCurrent && setReply(found),
        () => isCurrent && setReply(null)
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [api, notebookId, isAnswering]);
  const choose = async ({ digest }: InstructionInfo, use: boolean) => {
    try {
      setReply(await api.instructions.choose(notebookId, digest, use));
      setProblem('');
    } catch (error) {
      setProblem(conversation.errorMessage(error));
      setReply(await api.instructions.list(notebookId).catch(() => null));
    }
  };
  return { reply, problem, choose };
}

interface ICardProps {
  conversation: Conversation;
  /** Called when the button that was pressed is about to be removed: the focus has to move. */
  onDone: () => void;
}

export function InstructionsCard({ conversation, onDone }: ICardProps): JSX.Element | null {
  const { translation } = useServices();
  const titleId = React.useId();
  const { reply, problem, choose } = useInstructions(conversation);
  const waiting = reply?.instructions.filter(({ state }) => state === 'asked') ?? [];
  const [entry] = waiting;
  const alert = problem && (
    <p className="jp-agent-note jp-agent-problem" role="alert">
      {problem}
    </p>
  );
  if (!entry) {
    return alert || null;
  }
  const decide = (use: boolean) => {
    void choose(entry, use);
    onDone();
  };
  // Another text has buttons of its own: a second click is no answer to what was not read.
  return (
    <section key={entry.digest} className="jp-agent-instructions" aria-labelledby={titleId}>
      <h3 id={titleId}>
        {entry.skill
          ? translation.__('This folder has a skill for the agent')
          : translation.__('This folder has instructions for the agent')}
      </h3>
      <p className="jp-agent-note">
        {withHiddenShown(entry.path)}
        {waiting.length > 1 && ` · ${translation.__('%1 of %2', 1, waiting.length)}`}
      </p>
      <Text entry={entry} />
      <p className="jp-agent-note">
        {translation.__('Used only if you want. What you are asked before code runs stays the same.')}
      </p>
      {alert}
      <div className="jp-agent-buttons">
        <button type="button" className="jp-agent-button jp-agent-primary" onClick={() => decide(true)}>
          {translation.__('Use')}
        </button>
        <button type="button" className="jp-agent-button" onClick={() => decide(false)}>
          {translation.__('Don’t use')}
        </button>
      </div>
    </section>
  );
}

export function InstructionsPage({ conversation }: { conversation: Conversation }): JSX.Element {
  const { translation } = useServices();
  const { reply, problem, choose } = useInstructions(conversation);
  const found = reply?.instructions ?? [];
  return (
    <div className="jp-agent-page" aria-busy={!reply && !problem}>
      {problem && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {problem}
        </p>
      )}
      {reply && found.length === 0 && <p>{translation.__('There are no instructions for the agent here.')}</p>}
      {found.map((entry, index) => (
        <details key={`${index} ${entry.digest}`} className="jp-agent-message" open={entry.state === 'asked'}>
          <summary>
            {entry.path ? withHiddenShown(entry.path) : translation.__('The administrator')}
            {` · ${stateName(entry, translation.__.bind(translation))}`}
          </summary>
          {entry.problem ? <p className="jp-agent-note">{entry.problem}</p> : <Text entry={entry} />}
          {entry.scope === 'project' && !entry.problem && (
            <div className="jp-agent-buttons">
              {entry.state !== 'used' && (
                <button type="button" className="jp-agent-button" onClick={() => void choose(entry, true)}>
                  {translation.__('Use')}
                </button>
              )}
              {entry.state !== 'declined' && (
                <button type="button" className="jp-agent-button" onClick={() => void choose(entry, false)}>
                  {translation.__('Don’t use')}
                </button>
              )}
            </div>
          )}
        </details>
      ))}
      <p className="jp-agent-note">
        {reply?.user_path && `${translation.__('Your own go into %1.', reply.user_path)} `}
        {translation.__('A project’s go into AGENTS.md next to the notebook or above it, skills into .agents/skills/NAME/SKILL.md.')}
      </p>
    </div>
  );
}

function Text({ entry }: { entry: InstructionInfo }): JSX.Element {
  return (
    <pre tabIndex={0} dir="ltr" aria-label={entry.path}>
      {withHiddenShown(entry.text)}
    </pre>
  );
}

function stateName({ state }: InstructionInfo, __: (text: string) => string): string {
  switch (state) {
    case 'used':
      return __('used');
    case 'asked':
      return __('waits for your answer');
    case 'declined':
      return __('not used, as you wanted');
    default:
      return __('cannot be used');
  }
}
