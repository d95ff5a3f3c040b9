// A text of an answer in the page; rendered when it is first near the eye.

import * as React from 'react';
import { AnswerView } from './answerView';
import { addBars } from './codeblock';
import { useServices } from './services';

/** So far outside of what can be seen texts are rendered. */
const MARGIN = '800px 0px';

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
  React.useEffect(() => {
    if (near) {
      return;
    }
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(one => one.isIntersecting)) {
          setNear(true);
        }
      },
      { root: host.current!.closest('.jp-agent-transcript'), rootMargin: MARGIN }
    );
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, [near, host]);
  return near;
}
