// The list of what fits, above the composer.

import * as React from 'react';
import type { ICompleting } from './completing';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

export function CompletionList({ completion }: { completion: ICompleting }): JSX.Element | null {
  const { translation } = useServices();
  const { id, index, isOpen, items, choose } = completion;
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
      {items.map((item, at) => (
        <li
          key={item.text}
          id={`${id}-${at}`}
          role="option"
          aria-selected={at === index}
          // The textarea keeps the focus.
          onMouseDown={event => event.preventDefault()}
          onClick={() => choose(at)}
        >
          <b>{withHiddenShown(item.label)}</b>
          <span>{withHiddenShown(item.detail)}</span>
        </li>
      ))}
    </ul>
  );
}
