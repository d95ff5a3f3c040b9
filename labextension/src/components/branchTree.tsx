// The conversation as a tree: one line for a question, indented only where it was asked in another's place.

import * as React from 'react';
import type { Branches } from '../chat/branches';
import type { Conversation } from '../chat/conversation';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';
import type { ITurn } from '../api/sessions';

interface IProps {
  conversation: Conversation;
  onDone: () => void;
}

export function BranchTree({ conversation, onDone }: IProps): JSX.Element {
  const { translation } = useServices();
  const { branches } = conversation;
  const path = branches?.path(branches.tree.head) ?? new Set<string>();
  const go = async (turn: ITurn) => {
    await conversation.goTo(turn.turn_id);
    onDone();
  };
  return (
    <div className="jp-agent-page">
      <p className="jp-agent-note">
        {translation.__('Every question that was asked in another’s place begins a branch. Choose one to go on there.')}
      </p>
      {branches && branches.tree.turns.length > 0 ? (
        <Fork branches={branches} parent={null} path={path} onGo={turn => void go(turn)} />
      ) : (
        <p className="jp-agent-note">{translation.__('Nothing has been said yet.')}</p>
      )}
    </div>
  );
}

interface IForkProps {
  branches: Branches;
  parent: string | null;
  path: ReadonlySet<string>;
  onGo: (turn: ITurn) => void;
}

function Fork({ branches, parent, path, onGo }: IForkProps): JSX.Element {
  return (
    <ul className="jp-agent-branches">
      {branches.childrenOf(parent).map(turn => {
        const run = straight(branches, turn);
        const end = run[run.length - 1];
        return (
          <li key={turn.turn_id}>
            {run.map(one => (
              <Question key={one.turn_id} turn={one} isHere={path.has(one.turn_id)} onGo={onGo} />
            ))}
            {branches.childrenOf(end.turn_id).length > 0 && (
              <Fork branches={branches} parent={end.turn_id} path={path} onGo={onGo} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Question({ turn, isHere, onGo }: { turn: ITurn; isHere: boolean; onGo: (turn: ITurn) => void }): JSX.Element {
  return (
    <button type="button" className="jp-agent-branch" aria-current={isHere || undefined} onClick={() => onGo(turn)}>
      {withHiddenShown(turn.question)}
    </button>
  );
}

/** A turn and those after it, as long as there is one way only. */
function straight(branches: Branches, first: ITurn): readonly ITurn[] {
  const run = [first];
  for (;;) {
    const next = branches.childrenOf(run[run.length - 1].turn_id);
    if (next.length !== 1) {
      return run;
    }
    run.push(next[0]);
  }
}
