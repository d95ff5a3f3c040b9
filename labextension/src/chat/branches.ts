// The tree of a conversation's turns: siblings of a question, paths, and the ends of branches.

import type { TurnInfo, TurnsReply } from '../api/wire';

/** A turn of the tree; one that is being answered has no status. */
export type TreeTurn = Omit<TurnInfo, 'status'> & { status: TurnInfo['status'] | '' };

export interface ITree extends Omit<TurnsReply, 'session_id' | 'turns'> {
  turns: TreeTurn[];
}

/** The versions of a question: the children of one parent, with the index of the question itself. */
export interface IAlternatives {
  turns: readonly TreeTurn[];
  index: number;
}

export class Branches {
  private _children = new Map<string | null, TreeTurn[]>();
  private _turns = new Map<string, TreeTurn>();

  constructor(readonly tree: ITree) {
    for (const turn of tree.turns) {
      this._turns.set(turn.turn_id, turn);
      this._children.set(turn.parent, [...(this._children.get(turn.parent) ?? []), turn]);
    }
  }

  childrenOf(turnId: string | null): readonly TreeTurn[] {
    return this._children.get(turnId) ?? [];
  }

  /** A turn and its siblings; null where it has none. */
  alternatives(turnId: string): IAlternatives | null {
    const turn = this._turns.get(turnId);
    const turns = turn ? this.childrenOf(turn.parent) : [];
    return turn && turns.length > 1 ? { turns, index: turns.indexOf(turn) } : null;
  }

  /** The leaf that is reached from a turn by its newest descendants. */
  leaf(turnId: string): string {
    for (let id = turnId; ; ) {
      const children = this.childrenOf(id);
      if (children.length === 0) {
        return id;
      }
      id = children[children.length - 1].turn_id;
    }
  }

  /** Ids of the turns from the root to a turn. */
  path(turnId: string | null): ReadonlySet<string> {
    const path = new Set<string>();
    for (let id = turnId; id !== null && !path.has(id); id = this._turns.get(id)?.parent ?? null) {
      path.add(id);
    }
    return path;
  }

  /** The tree with one more turn as its head. */
  with(turn: TreeTurn): Branches {
    const turns = this._turns.has(turn.turn_id) ? this.tree.turns : [...this.tree.turns, turn];
    return new Branches({ head: turn.turn_id, can_redo: false, turns });
  }
}
