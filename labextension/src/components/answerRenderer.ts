// Renders an answer's Markdown with JupyterLab's renderer; source and HTML are sanitized, because a model wrote them.

import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { hiddenHost, sanitizeHtml, sanitizeMarkdown, sanitizeMath } from './sanitize';

const MARKDOWN = 'text/markdown';
const MAX_HIGHLIGHTED_CHARACTERS = 20_000;

export class AnswerRenderer {
  private _rendermime: IRenderMimeRegistry;
  private _typesetter: IRenderMime.ILatexTypesetter | null;

  constructor(rendermime: IRenderMimeRegistry) {
    const { markdownParser, sanitizer } = rendermime;
    this._typesetter = rendermime.latexTypesetter;
    this._rendermime = rendermime.clone({
      markdownParser: markdownParser
        ? { render: source => markdownParser.render(sanitizeMarkdown(source)) }
        : { render: async source => `<pre>${source.replace(/[<&]/g, character => (character === '<' ? '&lt;' : '&amp;'))}</pre>` },
      sanitizer: { sanitize: (html, options) => sanitizeHtml(sanitizer.sanitize(html, options)) }
    });
  }

  /** The element of a text; its mathematics is not typeset yet. */
  async render(text: string): Promise<HTMLElement> {
    const renderer = this._rendermime.createRenderer(MARKDOWN);
    await renderer.renderModel(new MimeModel({ data: { [MARKDOWN]: text }, trusted: false }));
    const { node } = renderer;
    node.querySelectorAll('.jp-InternalAnchorLink').forEach(link => link.remove());
    node.querySelectorAll('a').forEach(prepareLink);
    return node;
  }

  /** The parts of highlighted code; none where the renderer would show anything but exactly this code. */
  async highlight(code: string, language: string): Promise<readonly Node[]> {
    if (code.length > MAX_HIGHLIGHTED_CHARACTERS) {
      return [];
    }
    const longest = Math.max(...(code.match(/`+/g) ?? []).map(ticks => ticks.length), 2);
    const fence = '`'.repeat(longest + 1);
    const node = await this.render(`${fence}${language}\n${code}\n${fence}`);
    const block = node.querySelector('pre > code');
    return block && withoutEnd(block.textContent ?? '') === withoutEnd(code) ? Array.from(block.childNodes) : [];
  }

  /** Typeset the mathematics of an element that is in the page. */
  async typeset(node: HTMLElement): Promise<void> {
    if (!this._typesetter || !/\$|\\\(|\\\[|\\begin/.test(node.textContent ?? '')) {
      return;
    }
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode as Text;
      if (text.data.includes('\\') && !text.parentElement?.closest('code, pre')) {
        text.data = sanitizeMath(text.data);
      }
    }
    await this._typesetter.typeset(node);
  }
}

/** Open a link that was clicked: only web addresses, only in a new tab without an opener. */
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

/** A renderer ends a block with a line break. */
function withoutEnd(code: string): string {
  return code.replace(/\n$/, '');
}

function prepareLink(link: HTMLAnchorElement): void {
  const address = link.getAttribute('href');
  if (!address || address.startsWith('#')) {
    link.removeAttribute('href');
    return;
  }
  link.rel = 'noopener noreferrer';
  link.target = '_blank';
  link.title = address;
  const host = hiddenHost(link);
  if (host) {
    link.dataset.host = host;
  }
}
