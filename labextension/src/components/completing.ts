// The state of a completion: what fits what is being typed, which of it is chosen, and the keys for it.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { completions, type ICompletion, type IWanted, wanted } from '../chat/completion';
import { useServices } from './services';

export interface ICompleting {
  id: string;
  isOpen: boolean;
  items: readonly ICompletion[];
  index: number;
  /** Look what fits a text with the cursor somewhere. */
  look: (text: string, cursor: number) => void;
  choose: (index: number) => void;
  close: () => void;
  /** Whether a key was for the completion. */
  onKeyDown: (event: React.KeyboardEvent) => boolean;
}

const NONE: { items: readonly ICompletion[]; wanted: IWanted | null } = { items: [], wanted: null };

export function useCompletion(
  input: React.RefObject<HTMLTextAreaElement>,
  notebook: NotebookPanel | null,
  replace: (text: string, cursor: number) => void
): ICompleting {
  const { known } = useServices();
  const id = React.useId();
  const [found, setFound] = React.useState(NONE);
  const [index, setIndex] = React.useState(0);
  const round = React.useRef(0);
  const isOpen = found.items.length > 0;
  const show = (what: IWanted) => {
    const items = completions(what, known.of(notebook));
    const settled = items.length === 1 && items[0].text.trim() === what.prefix;
    setFound(settled ? NONE : { items, wanted: what });
    setIndex(0);
  };
  const close = () => {
    round.current++;
    setFound(NONE);
  };
  const look = (text: string, cursor: number) => {
    const what = wanted(text, cursor);
    if (!what) {
      close();
      return;
    }
    const mine = ++round.current;
    show(what);
    void known.prepare(notebook, what.prefix).then(() => mine === round.current && show(what));
  };
  const choose = (at: number) => {
    const area = input.current;
    const item = found.items[at];
    if (area && item && found.wanted) {
      const { start, end } = found.wanted;
      const text = item.text + (item.text.endsWith(' ') || area.value[end] === ' ' ? '' : ' ');
      close();
      replace(area.value.slice(0, start) + text + area.value.slice(end), start + text.length);
      area.focus();
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): boolean => {
    if (!isOpen || event.shiftKey) {
      return false;
    }
    const count = found.items.length;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        setIndex((index + (event.key === 'ArrowDown' ? 1 : count - 1)) % count);
        return true;
      case 'Enter':
      case 'Tab':
        choose(index);
        return true;
      case 'Escape':
        event.stopPropagation();
        close();
        return true;
      default:
        return false;
    }
  };
  return { id, isOpen, items: found.items, index, look, choose, close, onKeyDown };
}
