// An answer's Markdown as nodes: JupyterLab's renderer, between two layers of caution.

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { harmless, hostBeside, plainMarkdown, plainMath } from './sanitize';

const MARKDOWN = 'text/markdown';

export class AnswerRenderer {
  private _rendermime: IRenderMimeRegistry;
  private _typesetter: IRenderMime.ILatexTypesetter | null;

  constructor(rendermime: IRenderMimeRegistry) {
    const { markdownParser, sanitizer } = rendermime;
    this._typesetter = rendermime.latexTypesetter;
    this._rendermime = rendermime.clone({
      markdownParser: markdownParser
        ? { render: source => markdownParser.render(plainMarkdown(source)) }
        : { render: async source => `<pre>${source.replace(/[<&]/g, one => (one === '<' ? '&lt;' : '&amp;'))}</pre>` },
      sanitizer: { sanitize: (html, options) => harmless(sanitizer.sanitize(html, options)) }
    });
  }

  /** Nodes for a text; mathematics is still its source. */
  async render(text: string): Promise<HTMLElement> {
    const renderer = this._rendermime.createRenderer(MARKDOWN);
    await renderer.renderModel(new MimeModel({ data: { [MARKDOWN]: text }, trusted: false }));
    const { node } = renderer;
    node.querySelectorAll('.jp-InternalAnchorLink').forEach(link => link.remove());
    node.querySelectorAll('a').forEach(explainLink);
    return node;
  }

  /** Set the mathematics of nodes that are in the page. */
  async typeset(node: HTMLElement): Promise<void> {
    if (!this._typesetter || !/\$|\\\(|\\\[|\\begin/.test(node.textContent ?? '')) {
      return;
    }
    tame(node);
    await this._typesetter.typeset(node);
  }
}

/** Follow a click on a link: only to the web, only in a new tab that knows nothing of this one. */
export function followLink(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  const address = link.getAttribute('href') ?? '';
  if (/^https?:\/\//i.test(address)) {
    window.open(address, '_blank', 'noopener,noreferrer');
  } else if (/^mailto:/i.test(address)) {
    window.open(address, '_self');
  }
}

function explainLink(link: HTMLAnchorElement): void {
  const address = link.getAttribute('href');
  if (!address || address.startsWith('#')) {
    link.removeAttribute('href');
    return;
  }
  link.rel = 'noopener noreferrer';
  link.target = '_blank';
  link.title = address;
  const host = hostBeside(link);
  if (host) {
    link.dataset.host = host;
  }
}

function tame(node: HTMLElement): void {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (text.data.includes('\\') && !text.parentElement?.closest('code, pre')) {
      text.data = plainMath(text.data);
    }
  }
}
