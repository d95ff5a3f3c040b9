// The tree of a conversation's turns: which questions stand beside each other, and where a branch ends.

import type { ITree, ITurn } from '../api/sessions';

/** A question's place among those that were asked instead of it. */
export interface IAlternatives {
  turns: readonly ITurn[];
  index: number;
}

export class Branches {
  private _children = new Map<string | null, ITurn[]>();
  private _turns = new Map<string, ITurn>();

  constructor(readonly tree: ITree) {
    for (const turn of tree.turns) {
      this._turns.set(turn.turn_id, turn);
      this._children.set(turn.parent, [...(this._children.get(turn.parent) ?? []), turn]);
    }
  }

  /** Whether there is more than one way through it. */
  get isForked(): boolean {
    return Array.from(this._children.values()).some(turns => turns.length > 1);
  }

  childrenOf(turnId: string | null): readonly ITurn[] {
    return this._children.get(turnId) ?? [];
  }

  /** The questions that were asked in a turn's place, itself among them; null where it stands alone. */
  alternatives(turnId: string): IAlternatives | null {
    const turn = this._turns.get(turnId);
    const turns = turn ? this.childrenOf(turn.parent) : [];
    return turn && turns.length > 1 ? { turns, index: turns.indexOf(turn) } : null;
  }

  /** Where one comes out who goes on from a turn by the newest question each time. */
  end(turnId: string): string {
    for (let at = turnId; ; ) {
      const next = this.childrenOf(at);
      if (next.length === 0) {
        return at;
      }
      at = next[next.length - 1].turn_id;
    }
  }

  /** Turns from the first to one, by id. */
  path(turnId: string | null): ReadonlySet<string> {
    const found = new Set<string>();
    for (let at = turnId; at !== null && !found.has(at); at = this._turns.get(at)?.parent ?? null) {
      found.add(at);
    }
    return found;
  }

  /** The tree with one more turn, which is its head now. */
  with(turn: ITurn): Branches {
    const turns = this._turns.has(turn.turn_id) ? this.tree.turns : [...this.tree.turns, turn];
    return new Branches({ head: turn.turn_id, can_redo: false, turns });
  }
}
