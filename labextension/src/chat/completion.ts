// What may follow a / or an @ in a question: commands, variables, columns, cells, files.

import type { ICommand, IVariable } from '../api/kernels';

export interface ICompletion {
  /** What is put in the place of what was typed. */
  text: string;
  label: string;
  detail: string;
}

/** What was typed so far, and where. */
export interface IWanted {
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

/** What there is to choose from. */
export interface IKnown {
  commands: readonly ICommand[];
  variables: readonly IVariable[];
  cells: readonly ICellName[];
  files: readonly string[];
}

const MOST = 50;
const PLAIN = /^[^\W\d]\w*$/u;
/** An @ that begins a mention, up to the cursor; not within an address. */
const MENTION = /(?:^|[^\w@./\\<-])(@(?:file:"[^"\n]*|[\w:./#-]*(?:\["[^"\n]*)?))$/u;

/** What the user may be about to complete; null where it is nothing. */
export function wanted(text: string, cursor: number): IWanted | null {
  const before = text.slice(0, cursor);
  if (/^\/[A-Za-z]*$/.test(before)) {
    return { start: 0, end: cursor, prefix: before };
  }
  const found = MENTION.exec(before);
  return found ? { start: cursor - found[1].length, end: cursor, prefix: found[1] } : null;
}

/** What fits, best first. */
export function completions({ prefix }: IWanted, known: IKnown): readonly ICompletion[] {
  if (prefix.startsWith('/')) {
    return commandsFor(prefix, known.commands);
  }
  const column = /^@([^\W\d]\w*)(?:\.|\["?)(.*)$/u.exec(prefix);
  const variable = column && known.variables.find(one => one.name === column[1]);
  if (column && variable) {
    return columnsOf(variable, column[2]);
  }
  const all = [...variables(known), ...cells(known), ...files(known), ERROR];
  return ranked(all, prefix.slice(1)).slice(0, MOST);
}

const ERROR: ICompletion = { text: '@error', label: '@error', detail: '' };

function commandsFor(prefix: string, commands: readonly ICommand[]): readonly ICompletion[] {
  return commands
    .filter(one => `/${one.name}`.startsWith(prefix.toLowerCase()))
    .map(one => ({
      text: `/${one.name}${one.arguments ? ' ' : ''}`,
      label: `/${one.name} ${one.arguments}`.trim(),
      detail: one.help
    }));
}

function variables({ variables: all }: IKnown): ICompletion[] {
  return all.map(one => ({ text: `@${one.name}`, label: `@${one.name}`, detail: one.summary }));
}

function cells({ cells: all }: IKnown): ICompletion[] {
  return all
    .filter(one => one.source.trim())
    .map(one => {
      const name = one.count === null ? one.id : String(one.count);
      return { text: `@cell:${name}`, label: `@cell:${name}`, detail: one.source.trim().split('\n')[0].slice(0, 80) };
    });
}

function files({ files: all }: IKnown): ICompletion[] {
  return all.map(name => {
    const text = /^[\w./-]+$/.test(name) ? `@file:${name}` : `@file:"${name}"`;
    return { text, label: text, detail: '' };
  });
}

function columnsOf(variable: IVariable, typed: string): readonly ICompletion[] {
  const columns: any[] = Array.isArray(variable.facts.columns) ? variable.facts.columns : [];
  const all = columns
    .map(one => ({ name: String(one?.name ?? ''), dtype: String(one?.dtype ?? '') }))
    .filter(one => one.name && !/["\n]/.test(one.name))
    .map(({ name, dtype }) => ({
      text: PLAIN.test(name) ? `@${variable.name}.${name}` : `@${variable.name}["${name}"]`,
      label: name,
      detail: dtype
    }));
  return ranked(all, typed.replace(/^"/, '')).slice(0, MOST);
}

/** Those that begin with what was typed, then those that contain it. */
function ranked(all: readonly ICompletion[], typed: string): readonly ICompletion[] {
  const sought = typed.toLowerCase().replace(/"/g, '');
  const place = (one: ICompletion) => one.label.toLowerCase().replace(/[@"]/g, '').indexOf(sought);
  return [...all.filter(one => place(one) === 0), ...all.filter(one => place(one) > 0)];
}
