// A model's words are data: what of them may become part of the page, and what may not.

/** Elements that Markdown makes; all others are shown as their text. */
const ELEMENTS = new Set(
  ('a b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre s small span ' +
    'strong sub sup table tbody td tfoot th thead tr ul').split(' ')
);
/** Elements that go with everything inside them. */
const DROPPED = new Set('base embed iframe link math meta noscript object script style svg template title'.split(' '));
/** Classes that JupyterLab's own highlighting of code gives. */
const HIGHLIGHT = /^(?:language-[\w+#.-]+|cm-[\w-]+|\u037c\w+)$/;
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[\w+/=\s]*$/i;
const LINK = /^(?:https?:\/\/|mailto:)/i;
/** What begins a tag, a comment or a declaration; an address in angle brackets is Markdown's own. */
const TAG = /<(?=[a-z/!?])(?!(?:https?:\/\/|mailto:)[^\s<>]*>)/gi;
/** Fenced blocks and code spans: there a tag is only text. */
const CODE = /^([ \t>]*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^[ \t>]*\2[`~]*[ \t]*$|$(?![\s\S]))|(?<!`)(`+)(?!`)[^`](?:[\s\S]*?[^`])??\3(?!`)/gm;
/** Diagrams are drawn by a library with a language of its own, in which a model could ask for pictures of the web. */
const DIAGRAM = /((?:`{3,}|~{3,})[ \t]*)mermaid(?=[ \t]*$)/gim;
/** Macros of MathJax that carry addresses, styles, names or markup. */
const MACRO = /\\(?=(?:href|url|style|class|cssId|data|html\w*|mmlToken|bbox|require|unicode|includegraphics)(?![a-zA-Z]))/g;

/** Markdown in which raw HTML is text and no block is anything but text, mathematics or code. */
export function plainMarkdown(markdown: string): string {
  const source = markdown.replace(DIAGRAM, '$1text');
  let result = '';
  let end = 0;
  for (const match of source.matchAll(CODE)) {
    result += source.slice(end, match.index).replace(TAG, '&lt;') + match[0];
    end = match.index + match[0].length;
  }
  return result + source.slice(end).replace(TAG, '&lt;');
}

/** Mathematics without the macros that could reach out of it. */
export function plainMath(text: string): string {
  return text.replace(MACRO, '\\backslash ');
}

/** HTML that JupyterLab's sanitizer let through, cut down to what Markdown makes; nothing in it loads anything. */
export function harmless(html: string): string {
  // A document of its own: nothing is fetched and nothing runs while it is looked at.
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  for (const element of Array.from(parsed.body.querySelectorAll('*'))) {
    if (parsed.body.contains(element)) {
      clean(element);
    }
  }
  return parsed.body.innerHTML;
}

/** The host that a link leads to, for the eye; empty where the text says it already. */
export function hostBeside(link: HTMLAnchorElement): string {
  const host = link.protocol === 'mailto:' ? link.pathname : link.host;
  return (link.textContent ?? '').includes(host) ? '' : host;
}

/** Text with characters that hide or reorder others spelled out. */
export function withHiddenShown(text: string): string {
  return text.replace(/[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu, one => {
    const code = one.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

function clean(element: Element): void {
  const name = element.localName;
  if (DROPPED.has(name)) {
    element.remove();
  } else if (!ELEMENTS.has(name)) {
    element.replaceWith(...Array.from(element.childNodes));
  } else if (name === 'img' && !IMAGE.test(element.getAttribute('src') ?? '')) {
    element.replaceWith(element.ownerDocument.createTextNode(`[${element.getAttribute('alt') || 'image'}: not loaded]`));
  } else if (name === 'input' && element.getAttribute('type') !== 'checkbox') {
    element.remove();
  } else {
    cleanAttributes(element, name);
  }
}

function cleanAttributes(element: Element, name: string): void {
  for (const { name: attribute, value } of Array.from(element.attributes)) {
    if (attribute === 'class') {
      element.className = value.split(/\s+/).filter(one => HIGHLIGHT.test(one)).join(' ');
    } else if (!keeps(name, attribute, value)) {
      element.removeAttribute(attribute);
    }
  }
  if (name === 'input') {
    element.setAttribute('disabled', '');
  }
}

function keeps(element: string, attribute: string, value: string): boolean {
  switch (element) {
    case 'a':
      return attribute === 'href' && LINK.test(value);
    case 'img':
      return attribute === 'src' || attribute === 'alt';
    case 'input':
      return attribute === 'type' || attribute === 'checked';
    case 'ol':
      return attribute === 'start';
    case 'td':
    case 'th':
      return attribute === 'align';
    default:
      return false;
  }
}
