// Renders one text of an answer into the page; while it grows only changed blocks are replaced.

import type { AnswerRenderer } from './answerRenderer';

/** Pause between two renderings of a growing text. */
const PAUSE_MILLISECONDS = 80;

/** Adds controls to a block that is final. */
type Decorate = (block: HTMLElement) => void;

/** What a text is rendered from. */
interface IRendering {
  text: string;
  live: boolean;
  /** Marks in a block that is final; null where there is nothing to mark. */
  mark: Decorate | null;
}

interface IBlock {
  html: string;
  node: ChildNode;
  isFinal: boolean;
  isMarked: boolean;
}

export class AnswerView {
  private _blocks: IBlock[] = [];
  private _pending: IRendering | null = null;
  private _isRendering = false;
  private _isDisposed = false;

  constructor(
    private readonly _host: HTMLElement,
    private readonly _renderer: AnswerRenderer,
    private readonly _decorate: Decorate
  ) {}

  /** Render a text; `live` while it may grow. */
  render(text: string, live: boolean, mark: Decorate | null = null): void {
    this._pending = { text, live, mark };
    if (!this._isRendering) {
      void this._renderPending();
    }
  }

  dispose(): void {
    this._isDisposed = true;
  }

  private async _renderPending(): Promise<void> {
    this._isRendering = true;
    while (this._pending && !this._isDisposed) {
      const { text, live, mark } = this._pending;
      this._pending = null;
      try {
        await this._update(text, live);
        if (mark && !live) {
          this._mark(mark);
        }
      } catch (error) {
        console.error('An answer could not be rendered', error);
        this._host.textContent = text;
        this._blocks = [];
      }
      if (live) {
        await new Promise(resolve => setTimeout(resolve, PAUSE_MILLISECONDS));
      }
    }
    this._isRendering = false;
  }

  private async _update(text: string, live: boolean): Promise<void> {
    const rendered = await this._renderer.render(text);
    const nodes = Array.from(rendered.childNodes).filter(node => node.textContent?.trim() || node.nodeType === 1);
    const changed = nodes.findIndex((node, index) => this._blocks[index]?.html !== htmlOf(node));
    const unchanged = changed < 0 ? nodes.length : changed;
    this._blocks.splice(unchanged).forEach(block => block.node.remove());
    for (const node of nodes.slice(unchanged)) {
      this._blocks.push({ html: htmlOf(node), node, isFinal: false, isMarked: false });
      this._host.append(node);
    }
    const finalBlocks = live ? this._blocks.slice(0, -1) : this._blocks;
    await Promise.all(finalBlocks.map(block => this._finish(block)));
  }

  private _mark(mark: Decorate): void {
    for (const block of this._blocks) {
      if (!block.isMarked && block.node instanceof HTMLElement) {
        block.isMarked = true;
        mark(block.node);
      }
    }
  }

  private async _finish(block: IBlock): Promise<void> {
    if (block.isFinal || !(block.node instanceof HTMLElement)) {
      return;
    }
    block.isFinal = true;
    const box = document.createElement('div');
    block.node.replaceWith(box);
    box.append(block.node);
    block.node = box;
    this._decorate(box);
    await this._renderer.typeset(box);
  }
}

function htmlOf(node: ChildNode): string {
  return node instanceof Element ? node.outerHTML : `#${node.textContent}`;
}
