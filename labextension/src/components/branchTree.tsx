// The conversation as a tree of questions, indented only where a branch begins.

import * as React from 'react';
import type { Branches, TreeTurn } from '../chat/branches';
import type { Conversation } from '../chat/conversation';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

interface IProps {
  conversation: Conversation;
  onClose: () => void;
}

export function BranchTree({ conversation, onClose }: IProps): JSX.Element {
  const { translation } = useServices();
  const { branches } = conversation;
  const path = branches?.path(branches.tree.head) ?? new Set<string>();
  const select = async (turn: TreeTurn) => {
    await conversation.switchBranch(turn.turn_id);
    onClose();
  };
  return (
    <div className="jp-agent-page">
      <p className="jp-agent-note">
        {translation.__('A question that was edited and asked again begins a branch. Select a question to continue its branch.')}
      </p>
      {branches && branches.tree.turns.length > 0 ? (
        <Subtree branches={branches} parent={null} path={path} onSelect={turn => void select(turn)} />
      ) : (
        <p className="jp-agent-note">{translation.__('This conversation is empty.')}</p>
      )}
    </div>
  );
}

interface ISubtreeProps {
  branches: Branches;
  parent: string | null;
  path: ReadonlySet<string>;
  onSelect: (turn: TreeTurn) => void;
}

function Subtree({ branches, parent, path, onSelect }: ISubtreeProps): JSX.Element {
  return (
    <ul className="jp-agent-branches">
      {branches.childrenOf(parent).map(turn => {
        const chain = chainFrom(branches, turn);
        const last = chain[chain.length - 1];
        return (
          <li key={turn.turn_id}>
            {chain.map(turn => (
              <Question key={turn.turn_id} turn={turn} isCurrent={path.has(turn.turn_id)} onSelect={onSelect} />
            ))}
            {branches.childrenOf(last.turn_id).length > 0 && (
              <Subtree branches={branches} parent={last.turn_id} path={path} onSelect={onSelect} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Question({ turn, isCurrent, onSelect }: { turn: TreeTurn; isCurrent: boolean; onSelect: (turn: TreeTurn) => void }): JSX.Element {
  return (
    <button type="button" className="jp-agent-branch" aria-current={isCurrent || undefined} onClick={() => onSelect(turn)}>
      {withHiddenShown(turn.question)}
    </button>
  );
}

/** A turn and its descendants up to the next branching. */
function chainFrom(branches: Branches, first: TreeTurn): readonly TreeTurn[] {
  const chain = [first];
  for (;;) {
    const children = branches.childrenOf(chain[chain.length - 1].turn_id);
    if (children.length !== 1) {
      return chain;
    }
    chain.push(children[0]);
  }
}
