// Sanitizes what a model wrote: Markdown, HTML, mathematics, and characters that hide others.

/** Elements that Markdown makes; all others are shown as their text. */
const ELEMENTS = new Set(
  ('a b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre s small span ' +
    'strong sub sup table tbody td tfoot th thead tr ul').split(' ')
);
/** Elements that are removed with everything inside them. */
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
const DIAGRAM = /(`{3,})(?=[^`\n]*mermaid)[^`\n]*$|(~{3,})(?=[^\n]*mermaid)[^\n]*$/gim;
/** Macros of MathJax that carry addresses, styles, names or markup. */
const MACRO = /\\(?=(?:href|url|style|class|cssId|data|html\w*|mmlToken|bbox|require|unicode|includegraphics)(?![a-zA-Z]))/g;

/** Markdown without raw HTML and diagrams: both become text. */
export function sanitizeMarkdown(markdown: string): string {
  const source = markdown.replace(/\r\n?/g, '\n').replace(DIAGRAM, '$1$2text');
  let result = '';
  let end = 0;
  for (const match of source.matchAll(CODE)) {
    result += source.slice(end, match.index).replace(TAG, '&lt;') + match[0];
    end = match.index + match[0].length;
  }
  return result + source.slice(end).replace(TAG, '&lt;');
}

/** TeX without the macros that carry addresses, styles or markup. */
export function sanitizeMath(text: string): string {
  return text.replace(MACRO, '\\backslash ');
}

/** HTML that passed JupyterLab's sanitizer, reduced to the elements of Markdown; nothing in it loads anything. */
export function sanitizeHtml(html: string): string {
  // A separate document: nothing is fetched and nothing runs while it is processed.
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  for (const element of Array.from(parsed.body.querySelectorAll('*'))) {
    if (parsed.body.contains(element)) {
      cleanElement(element);
    }
  }
  return parsed.body.innerHTML;
}

/** The host of a link; empty where the link's text contains it. */
export function hiddenHost(link: HTMLAnchorElement): string {
  const host = link.protocol === 'mailto:' ? link.pathname : link.host;
  return (link.textContent ?? '').includes(host) ? '' : host;
}

/**
 * Characters that show nothing, or change how others are shown: as in the kernel's `hidden_characters.py`, but for the
 * selector that makes a picture of an emoji, and for line breaks and tabs.
 */
const HIDDEN =
  /(?!(?<=\p{Extended_Pictographic})\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2800\u2d7f\u{1107f}\u{16fe4}\u{13441}-\u{13442}\u{1d159}]/gu;

/** Text with invisible and reordering characters replaced by their code points. */
export function withHiddenShown(text: string): string {
  return text.replace(HIDDEN, character => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

function cleanElement(element: Element): void {
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
      element.className = value.split(/\s+/).filter(name => HIGHLIGHT.test(name)).join(' ');
    } else if (!isAllowed(name, attribute, value)) {
      element.removeAttribute(attribute);
    }
  }
  if (name === 'input') {
    element.setAttribute('disabled', '');
  }
}

function isAllowed(element: string, attribute: string, value: string): boolean {
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
