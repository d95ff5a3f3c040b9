// Marks in an answer's page what comes from nowhere, and says of its numbers where they come from.

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Grounding, GroundingSource } from '../api/wire';

/** Says where something comes from. */
export type DescribeSource = (source: GroundingSource) => string;

interface IMark {
  className: string;
  title: string;
}

/** What is marked already, and what shows no text of the answer. */
const SKIPPED = '.jp-agent-ungrounded, .jp-agent-grounded, .jp-agent-code-bar, mjx-container, a';

/** Mark the texts of an answer in an element; numbers only outside of code. */
export function markGrounding(
  host: HTMLElement,
  grounding: Grounding,
  describe: DescribeSource,
  translation: TranslationBundle
): void {
  const marks = new Map<string, IMark>();
  for (const { text, kind, source } of grounding.found) {
    if (kind === 'number') {
      marks.set(text, { className: 'jp-agent-grounded', title: describe(source) });
    }
  }
  for (const { text, near } of grounding.missing) {
    const others = near.length ? ` ${translation.__('There is: %1.', near.join(', '))}` : '';
    marks.set(text, { className: 'jp-agent-ungrounded', title: `${translation.__('Not from your notebook.')}${others}` });
  }
  if (marks.size === 0) {
    return;
  }
  const texts = [...marks.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_.])(?:${texts.map(escaped).join('|')})(?![\\p{N}_])(?!\\.\\p{N})`, 'gu');
  const walker = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  while (walker.nextNode()) {
    nodes.push(walker.currentNode as Text);
  }
  for (const node of nodes) {
    if (!node.parentElement?.closest(SKIPPED)) {
      const code = node.parentElement?.closest('code, pre');
      const isValue = code?.tagName === 'CODE' && marks.has((code.textContent ?? '').trim());
      markText(node, pattern, marks, !!code && !isValue);
    }
  }
}

function markText(node: Text, pattern: RegExp, marks: ReadonlyMap<string, IMark>, isCode: boolean): void {
  const pieces: (string | HTMLElement)[] = [];
  let end = 0;
  for (const match of node.data.matchAll(pattern)) {
    const mark = marks.get(match[0]);
    const isName = /^[\p{L}_]/u.test(match[0]);
    if (!mark || (isCode && !isName)) {
      continue;
    }
    const element = document.createElement('span');
    element.className = mark.className;
    element.title = mark.title;
    element.textContent = match[0];
    pieces.push(node.data.slice(end, match.index), element);
    end = match.index! + match[0].length;
  }
  if (end > 0) {
    node.replaceWith(...pieces, node.data.slice(end));
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
