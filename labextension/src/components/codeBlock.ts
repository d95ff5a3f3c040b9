// The bar over a code block of an answer: its language; run, replace, insert, copy.

import type { TranslationBundle } from '@jupyterlab/translation';
import { addBelowIcon, checkIcon, copyIcon, editIcon, type LabIcon, runIcon } from '@jupyterlab/ui-components';

/** What can be done with a block's code. */
export interface ICodeActions {
  /** Put it into a new cell; like all of these, says whether that was possible. */
  insert: (code: string) => boolean;
  /** Put it in the place of the active cell's. */
  replace: (code: string) => boolean;
  /** Put it into a new cell and run that. */
  run: (code: string) => boolean;
  /** Whether code in a language can be run by the notebook. */
  runs: (language: string) => boolean;
}

const SHOWN_MILLISECONDS = 1500;

/** Give every code block below a node its bar. */
export function addBars(node: HTMLElement, actions: ICodeActions, translation: TranslationBundle): void {
  for (const code of Array.from(node.querySelectorAll<HTMLElement>('pre > code'))) {
    const block = code.parentElement as HTMLElement;
    const frame = document.createElement('div');
    frame.className = 'jp-agent-code';
    block.replaceWith(frame);
    frame.append(bar(code, actions, translation), block);
  }
}

function bar(code: HTMLElement, actions: ICodeActions, translation: TranslationBundle): HTMLElement {
  const source = (code.textContent ?? '').replace(/\n$/, '');
  const language = /(?:^| )language-(\S+)/.exec(code.className)?.[1] ?? '';
  const result = document.createElement('div');
  result.className = 'jp-agent-code-bar';
  const name = document.createElement('span');
  name.textContent = language;
  result.append(name);
  if (actions.runs(language)) {
    result.append(
      button(translation.__('Run in a new cell'), runIcon, translation.__('Started'), () => actions.run(source), translation),
      button(
        translation.__('Replace the active cell'),
        editIcon,
        translation.__('Replaced'),
        () => actions.replace(source),
        translation
      ),
      button(translation.__('Insert below'), addBelowIcon, translation.__('Inserted'), () => actions.insert(source), translation)
    );
  }
  const copy = () => navigator.clipboard.writeText(source).then(() => true);
  result.append(button(translation.__('Copy'), copyIcon, translation.__('Copied'), copy, translation));
  return result;
}

function button(
  label: string,
  icon: LabIcon,
  done: string,
  act: () => boolean | Promise<boolean>,
  translation: TranslationBundle
): HTMLElement {
  const result = document.createElement('button');
  result.type = 'button';
  result.className = 'jp-agent-small-button';
  const words = document.createElement('span');
  words.className = 'jp-agent-for-readers';
  words.setAttribute('aria-live', 'polite');
  const show = (which: LabIcon, text: string) => {
    result.replaceChildren(which.element({ tag: 'span' }), words);
    words.textContent = result.title = text;
  };
  show(icon, label);
  result.onclick = async () => {
    const worked = await Promise.resolve(act()).catch(() => false);
    show(worked ? checkIcon : icon, worked ? done : translation.__('Not possible'));
    window.setTimeout(() => show(icon, label), SHOWN_MILLISECONDS);
  };
  return result;
}
