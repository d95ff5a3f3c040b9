// A text of an answer in the page; rendered when it is first near the eye.

import * as React from 'react';
import { AnswerView } from './answerView';
import { addBars } from './codeBlock';
import { whenNear } from './nearness';
import { useServices } from './services';

export function AnswerText({ text, live }: { text: string; live: boolean }): JSX.Element {
  const { renderer, actions, translation } = useServices();
  const host = React.useRef<HTMLDivElement>(null);
  const view = React.useRef<AnswerView | null>(null);
  const near = useNear(host, live);
  React.useEffect(() => {
    if (!near) {
      return;
    }
    const made = new AnswerView(host.current!, renderer, block => addBars(block, actions, translation));
    view.current = made;
    return () => made.dispose();
  }, [near, renderer, actions, translation]);
  React.useEffect(() => view.current?.show(text, live), [near, text, live]);
  return (
    <div ref={host} className={`jp-agent-text jp-RenderedHTMLCommon${near ? '' : ' jp-agent-unrendered'}`}>
      {!near && <div className="jp-agent-source">{text}</div>}
    </div>
  );
}

/** Whether an element has been near the eye, or is known to be. */
function useNear(host: React.RefObject<Element>, known: boolean): boolean {
  const [near, setNear] = React.useState(known);
  React.useEffect(() => (near ? undefined : whenNear(host.current!, () => setNear(true))), [near, host]);
  return near;
}
