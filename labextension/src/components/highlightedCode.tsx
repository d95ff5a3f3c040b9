// Code exactly as it is, highlighted where the renderer shows exactly that.

import * as React from 'react';
import { useServices } from './services';

interface IProps {
  code: string;
  /** Empty: it is not highlighted. */
  language: string;
}

export function HighlightedCode({ code, language }: IProps): JSX.Element {
  const { renderer } = useServices();
  const host = React.useRef<HTMLPreElement>(null);
  React.useLayoutEffect(() => {
    const element = host.current!;
    let isCurrent = true;
    element.textContent = code;
    if (language) {
      void renderer
        .highlight(code, language)
        .catch(() => [])
        .then(nodes => {
          if (isCurrent && nodes.length > 0) {
            element.replaceChildren(...nodes);
          }
        });
    }
    return () => {
      isCurrent = false;
    };
  }, [code, language, renderer]);
  return <pre ref={host} tabIndex={0} dir="ltr" />;
}
