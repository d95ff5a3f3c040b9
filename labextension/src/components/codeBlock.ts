// The toolbar of a code block in an answer: its language; run, replace, insert, copy.

import type { TranslationBundle } from '@jupyterlab/translation';
import { addBelowIcon, checkIcon, copyIcon, editIcon, type LabIcon, runIcon } from '@jupyterlab/ui-components';

/** Actions on a block's code; each returns whether it was possible. */
export interface ICodeActions {
  /** Insert it as a new cell. */
  insert: (code: string) => boolean;
  /** Replace the source of the active cell. */
  replace: (code: string) => boolean;
  /** Insert it as a new cell and run the cell. */
  run: (code: string) => boolean;
  /** Whether the notebook's kernel can run a language. */
  canRun: (language: string) => boolean;
}

const FEEDBACK_MILLISECONDS = 1500;

/** Add a toolbar to every code block in an element. */
export function addToolbars(node: HTMLElement, actions: ICodeActions, translation: TranslationBundle): void {
  for (const code of Array.from(node.querySelectorAll<HTMLElement>('pre > code'))) {
    const block = code.parentElement as HTMLElement;
    const frame = document.createElement('div');
    frame.className = 'jp-agent-code';
    block.replaceWith(frame);
    frame.append(toolbar(code, actions, translation), block);
  }
}

function toolbar(code: HTMLElement, actions: ICodeActions, translation: TranslationBundle): HTMLElement {
  const source = (code.textContent ?? '').replace(/\n$/, '');
  const language = /(?:^| )language-(\S+)/.exec(code.className)?.[1] ?? '';
  const result = document.createElement('div');
  result.className = 'jp-agent-code-bar';
  const name = document.createElement('span');
  name.textContent = language;
  result.append(name);
  if (actions.canRun(language)) {
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
  action: () => boolean | Promise<boolean>,
  translation: TranslationBundle
): HTMLElement {
  const result = document.createElement('button');
  result.type = 'button';
  result.className = 'jp-agent-small-button';
  const status = document.createElement('span');
  status.className = 'jp-agent-for-readers';
  status.setAttribute('aria-live', 'polite');
  const show = (shownIcon: LabIcon, text: string) => {
    result.replaceChildren(shownIcon.element({ tag: 'span' }), status);
    status.textContent = result.title = text;
  };
  show(icon, label);
  result.onclick = async () => {
    const succeeded = await Promise.resolve(action()).catch(() => false);
    show(succeeded ? checkIcon : icon, succeeded ? done : translation.__('Not possible'));
    window.setTimeout(() => show(icon, label), FEEDBACK_MILLISECONDS);
  };
  return result;
}
