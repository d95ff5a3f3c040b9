// Code that an answer only shows, and whether it could take a cell's place.

import type { IExchange } from '../chat/exchange';
import { EDITS } from './proposals';

const FENCED = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n([\s\S]*?)\n? {0,3}\1[ \t]*$/m;
const WORD = /[\p{L}\p{N}_]+/gu;

/** The first block of code in what was said; empty where there is none, or where the agent edits cells itself. */
export function codeOf(exchange: IExchange, runs: (language: string) => boolean): string {
  if (exchange.parts.some(one => one.kind === 'tool' && EDITS.has(one.tool))) {
    return '';
  }
  const found = FENCED.exec(textOf(exchange));
  return found && (!found[2] || runs(found[2])) ? found[3] : '';
}

/** All that was said in an answer. */
export function textOf({ parts }: IExchange): string {
  return parts.map(one => (one.kind === 'text' ? one.text : '')).join('\n\n').trim();
}

/** Whether code is another version of a cell, and not a line that is only shown: half of the cell's words are in it. */
export function isVersion(code: string, source: string): boolean {
  const words = new Set(source.match(WORD) ?? []);
  const kept = new Set((code.match(WORD) ?? []).filter(one => words.has(one)));
  return kept.size * 2 >= words.size;
}
