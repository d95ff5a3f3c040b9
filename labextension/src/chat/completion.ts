// Completion after / and @ in a question: commands, variables, columns, cells, files.

import type { SlashCommand, VariableReply } from '../api/wire';

export interface ICompletion {
  /** Replaces what was typed. */
  text: string;
  label: string;
  detail: string;
}

/** The prefix to be completed, and where it stands. */
export interface ICompletionQuery {
  start: number;
  end: number;
  prefix: string;
}

export interface ICellName {
  id: string;
  count: number | null;
  index: number;
  source: string;
}

/** What can be completed. */
export interface ICandidates {
  commands: readonly SlashCommand[];
  variables: readonly VariableReply[];
  cells: readonly ICellName[];
  files: readonly string[];
}

const MAX_COMPLETIONS = 50;
const IDENTIFIER = /^[^\W\d]\w*$/u;
/** An @ that begins a mention, up to the cursor; not within an address. */
const MENTION = /(?:^|[^\w@./\\<-])(@(?:file:"[^"\n]*|[\w:./#-]*(?:\["[^"\n]*)?))$/u;
const ERROR: ICompletion = { text: '@error', label: '@error', detail: '' };

/** The prefix that the user may want to complete; null where there is none. */
export function completionQuery(text: string, cursor: number): ICompletionQuery | null {
  const before = text.slice(0, cursor);
  if (/^\/[A-Za-z]*$/.test(before)) {
    return { start: 0, end: cursor, prefix: before };
  }
  const mention = MENTION.exec(before);
  return mention ? { start: cursor - mention[1].length, end: cursor, prefix: mention[1] } : null;
}

/** Completions of a prefix, best first. */
export function completions({ prefix }: ICompletionQuery, candidates: ICandidates): readonly ICompletion[] {
  if (prefix.startsWith('/')) {
    return candidates.commands
      .filter(command => `/${command.name}`.startsWith(prefix.toLowerCase()))
      .map(command => ({
        text: `/${command.name}${command.arguments ? ' ' : ''}`,
        label: `/${command.name} ${command.arguments}`.trim(),
        detail: command.help
      }));
  }
  const column = /^@([^\W\d]\w*)(?:\.|\["?)(.*)$/u.exec(prefix);
  const variable = column && candidates.variables.find(candidate => candidate.name === column[1]);
  if (column && variable) {
    return ranked(columnsOf(variable), column[2].replace(/^"/, ''));
  }
  return ranked([...mentionsOf(candidates), ERROR], prefix.slice(1));
}

function mentionsOf({ variables, cells, files }: ICandidates): ICompletion[] {
  return [
    ...variables.map(({ name, summary }) => ({ text: `@${name}`, label: `@${name}`, detail: summary })),
    ...cells
      .filter(cell => cell.source.trim())
      .map(({ id, count, source }) => {
        const text = `@cell:${count ?? id}`;
        return { text, label: text, detail: source.trim().split('\n')[0].slice(0, 80) };
      }),
    ...files.map(name => {
      const text = /^[\w./-]+$/.test(name) ? `@file:${name}` : `@file:"${name}"`;
      return { text, label: text, detail: '' };
    })
  ];
}

function columnsOf(variable: VariableReply): ICompletion[] {
  const columns: any[] = Array.isArray(variable.facts.columns) ? variable.facts.columns : [];
  return columns
    .map(column => ({ name: String(column?.name ?? ''), dtype: String(column?.dtype ?? '') }))
    .filter(({ name }) => name && !/["\n]/.test(name))
    .map(({ name, dtype }) => ({
      text: IDENTIFIER.test(name) ? `@${variable.name}.${name}` : `@${variable.name}["${name}"]`,
      label: name,
      detail: dtype
    }));
}

/** Those that begin with the prefix, then those that contain it. */
function ranked(completions: readonly ICompletion[], prefix: string): readonly ICompletion[] {
  const wanted = prefix.toLowerCase().replace(/"/g, '');
  const positions = completions.map(({ label }) => label.toLowerCase().replace(/[@"]/g, '').indexOf(wanted));
  const first = completions.filter((_, index) => positions[index] === 0);
  const others = completions.filter((_, index) => positions[index] > 0);
  return [...first, ...others].slice(0, MAX_COMPLETIONS);
}
