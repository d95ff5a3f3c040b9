// One text of an answer in the page; while it grows only what has changed is drawn again.

import type { AnswerRenderer } from './answerRenderer';

/** Between two drawings of a growing text. */
const PAUSE_MILLISECONDS = 80;

/** Adds what belongs to a block that will not change any more. */
export type Decorate = (block: HTMLElement) => void;

interface IBlock {
  html: string;
  node: ChildNode;
  settled: boolean;
}

export class AnswerView {
  private _blocks: IBlock[] = [];
  private _wanted: { text: string; live: boolean } | null = null;
  private _busy = false;
  private _disposed = false;

  constructor(
    private readonly _host: HTMLElement,
    private readonly _renderer: AnswerRenderer,
    private readonly _decorate: Decorate
  ) {}

  /** Show a text; `live` where more of it may come. */
  show(text: string, live: boolean): void {
    this._wanted = { text, live };
    if (!this._busy) {
      void this._work();
    }
  }

  dispose(): void {
    this._disposed = true;
  }

  private async _work(): Promise<void> {
    this._busy = true;
    while (this._wanted && !this._disposed) {
      const { text, live } = this._wanted;
      this._wanted = null;
      try {
        await this._draw(text, live);
      } catch (error) {
        console.error('An answer could not be rendered', error);
        this._host.textContent = text;
        this._blocks = [];
      }
      if (live) {
        await new Promise(resolve => setTimeout(resolve, PAUSE_MILLISECONDS));
      }
    }
    this._busy = false;
  }

  private async _draw(text: string, live: boolean): Promise<void> {
    const rendered = await this._renderer.render(text);
    const nodes = Array.from(rendered.childNodes).filter(node => node.textContent?.trim() || node.nodeType === 1);
    const same = this._sameUntil(nodes);
    this._blocks.splice(same).forEach(block => block.node.remove());
    for (const node of nodes.slice(same)) {
      this._blocks.push({ html: htmlOf(node), node, settled: false });
      this._host.append(node);
    }
    const settled = live ? this._blocks.slice(0, -1) : this._blocks;
    await Promise.all(settled.map(block => this._settle(block)));
  }

  private _sameUntil(nodes: readonly ChildNode[]): number {
    const different = nodes.findIndex((node, index) => this._blocks[index]?.html !== htmlOf(node));
    return different < 0 ? nodes.length : different;
  }

  private async _settle(block: IBlock): Promise<void> {
    if (block.settled || !(block.node instanceof HTMLElement)) {
      return;
    }
    block.settled = true;
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
