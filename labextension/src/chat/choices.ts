// The user's choices for one notebook: model, approval mode, past questions; kept in the session storage of the browser's tab.

export type ApprovalMode = '' | 'read-only' | 'ask' | 'auto-edit' | 'auto';

const MODES: readonly string[] = ['', 'read-only', 'ask', 'auto-edit', 'auto'];
const MAX_QUESTIONS = 100;

interface IStoredChoices {
  model: string;
  approval: ApprovalMode;
  questions: string[];
}

export class Choices {
  private _stored: IStoredChoices;

  constructor(private readonly _notebook: string) {
    this._stored = { model: '', approval: '', questions: [], ...readStored(this._key) };
  }

  /** The model; empty: the server's default. */
  get model(): string {
    return this._stored.model;
  }

  set model(model: string) {
    this._update({ model });
  }

  /** The approval mode; empty: the server's default. */
  get approval(): ApprovalMode {
    return MODES.includes(this._stored.approval) ? this._stored.approval : '';
  }

  set approval(approval: ApprovalMode) {
    this._update({ approval });
  }

  /** The questions that were asked, oldest first. */
  get questions(): readonly string[] {
    return this._stored.questions;
  }

  remember(question: string): void {
    const others = this._stored.questions.filter(other => other !== question);
    this._update({ questions: [...others, question].slice(-MAX_QUESTIONS) });
  }

  private get _key(): string {
    return `jupyter-agent:${this._notebook}`;
  }

  private _update(change: Partial<IStoredChoices>): void {
    this._stored = { ...this._stored, ...change };
    try {
      window.sessionStorage.setItem(this._key, JSON.stringify(this._stored));
    } catch {
      // Storage is full or forbidden: the choices last until the page is closed.
    }
  }
}

function readStored(key: string): Partial<IStoredChoices> {
  try {
    const stored = JSON.parse(window.sessionStorage.getItem(key) ?? '{}');
    return stored && typeof stored === 'object' && Array.isArray(stored.questions) ? stored : {};
  } catch {
    return {};
  }
}
