// What the user has chosen for one notebook's questions; kept as long as the browser's tab.

export type ApprovalMode = '' | 'read-only' | 'ask' | 'auto-edit' | 'auto';

const MODES: readonly string[] = ['', 'read-only', 'ask', 'auto-edit', 'auto'];
const MOST_QUESTIONS = 100;

interface IKept {
  model: string;
  approval: ApprovalMode;
  questions: string[];
}

export class Choices {
  private _kept: IKept;
  private _allowed = new Set<string>();

  constructor(private readonly _notebook: string) {
    this._kept = { model: '', approval: '', questions: [], ...read(this._key) };
  }

  /** Which model answers; empty: the server's own choice. */
  get model(): string {
    return this._kept.model;
  }

  set model(model: string) {
    this._keep({ model });
  }

  /** What the agent may do unasked; empty: as the server is set. */
  get approval(): ApprovalMode {
    return MODES.includes(this._kept.approval) ? this._kept.approval : '';
  }

  set approval(approval: ApprovalMode) {
    this._allowed.clear();
    this._keep({ approval });
  }

  /** What was asked, oldest first. */
  get questions(): readonly string[] {
    return this._kept.questions;
  }

  remember(question: string): void {
    const others = this._kept.questions.filter(one => one !== question);
    this._keep({ questions: [...others, question].slice(-MOST_QUESTIONS) });
  }

  /** Let a tool act unasked until the page is left. */
  allow(tool: string): void {
    this._allowed.add(tool);
  }

  allows(tool: string): boolean {
    return this._allowed.has(tool);
  }

  private get _key(): string {
    return `jupyter-agent:${this._notebook}`;
  }

  private _keep(change: Partial<IKept>): void {
    this._kept = { ...this._kept, ...change };
    try {
      window.sessionStorage.setItem(this._key, JSON.stringify(this._kept));
    } catch {
      // No room, or not allowed: it is kept until the page is left.
    }
  }
}

function read(key: string): Partial<IKept> {
  try {
    const kept = JSON.parse(window.sessionStorage.getItem(key) ?? '{}');
    return kept && typeof kept === 'object' && Array.isArray(kept.questions) ? kept : {};
  } catch {
    return {};
  }
}
