// Completion in the composer: its state with its keys, and the list above the input.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { completionQuery, completions, type ICompletion, type ICompletionQuery } from '../chat/completion';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

export interface ICompletionState {
  id: string;
  isOpen: boolean;
  items: readonly ICompletion[];
  index: number;
  /** Complete a text at the cursor. */
  update: (text: string, cursor: number) => void;
  accept: (index: number) => void;
  close: () => void;
  /** Returns whether the completion handled a key. */
  onKeyDown: (event: React.KeyboardEvent) => boolean;
}

const CLOSED: { items: readonly ICompletion[]; query: ICompletionQuery | null } = { items: [], query: null };

export function useCompletion(
  input: React.RefObject<HTMLTextAreaElement>,
  notebook: NotebookPanel | null,
  replace: (text: string, cursor: number) => void
): ICompletionState {
  const { suggestions } = useServices();
  const id = React.useId();
  const [{ items, query }, setResult] = React.useState(CLOSED);
  const [index, setIndex] = React.useState(0);
  const request = React.useRef(0);
  const isOpen = items.length > 0;
  const show = (query: ICompletionQuery) => {
    const items = completions(query, suggestions.candidates(notebook));
    const isComplete = items.length === 1 && items[0].text.trim() === query.prefix;
    setResult(isComplete ? CLOSED : { items, query });
    setIndex(0);
  };
  const close = () => {
    request.current++;
    setResult(CLOSED);
  };
  const update = (text: string, cursor: number) => {
    const query = completionQuery(text, cursor);
    if (!query) {
      close();
      return;
    }
    const current = ++request.current;
    show(query);
    void suggestions.prepare(notebook, query.prefix).then(() => current === request.current && show(query));
  };
  const accept = (index: number) => {
    const area = input.current;
    const item = items[index];
    if (area && item && query) {
      const text = item.text + (item.text.endsWith(' ') || area.value[query.end] === ' ' ? '' : ' ');
      close();
      replace(area.value.slice(0, query.start) + text + area.value.slice(query.end), query.start + text.length);
      area.focus();
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): boolean => {
    if (!isOpen || event.shiftKey) {
      return false;
    }
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        setIndex((index + (event.key === 'ArrowDown' ? 1 : items.length - 1)) % items.length);
        return true;
      case 'Enter':
      case 'Tab':
        accept(index);
        return true;
      case 'Escape':
        event.stopPropagation();
        close();
        return true;
      default:
        return false;
    }
  };
  return { id, isOpen, items, index, update, accept, close, onKeyDown };
}

export function CompletionList({ completion }: { completion: ICompletionState }): JSX.Element | null {
  const { translation } = useServices();
  const { id, index, isOpen, items, accept } = completion;
  const list = React.useRef<HTMLUListElement>(null);
  React.useEffect(() => {
    list.current?.children[index]?.scrollIntoView({ block: 'nearest' });
  }, [index, items]);
  if (!isOpen) {
    return null;
  }
  return (
    <ul
      ref={list}
      id={id}
      className="jp-agent-completions"
      role="listbox"
      aria-label={translation.__('Completions')}
      tabIndex={0} // It scrolls.
    >
      {items.map((item, position) => (
        <li
          key={item.text}
          id={`${id}-${position}`}
          role="option"
          aria-selected={position === index}
          // The textarea keeps the focus.
          onMouseDown={event => event.preventDefault()}
          onClick={() => accept(position)}
        >
          <b>{withHiddenShown(item.label)}</b>
          <span>{withHiddenShown(item.detail)}</span>
        </li>
      ))}
    </ul>
  );
}
