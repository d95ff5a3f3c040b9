// A text of an answer in the page; rendered when it is first scrolled near the viewport.

import * as React from 'react';
import type { Grounding } from '../api/wire';
import { AnswerView } from './answerView';
import { addToolbars } from './codeBlock';
import { type DescribeSource, markGrounding } from './groundingMarks';
import { useServices } from './services';

/** An element this far outside of the viewport counts as near. */
const MARGIN = '800px 0px';

/** One observer for each transcript, and what to call when an element comes near. */
const observers = new WeakMap<Element, IntersectionObserver>();
const callbacks = new WeakMap<Element, () => void>();

interface IProps {
  text: string;
  live: boolean;
  /** Where the text's numbers and names come from; null while that is not known. */
  grounding: Grounding | null;
  describeSource: DescribeSource;
}

export function AnswerText({ text, live, grounding, describeSource }: IProps): JSX.Element {
  const { renderer, codeActions, translation } = useServices();
  const host = React.useRef<HTMLDivElement>(null);
  const view = React.useRef<AnswerView | null>(null);
  const [isNear, setNear] = React.useState(live);
  React.useEffect(() => (isNear ? undefined : whenNear(host.current!, () => setNear(true))), [isNear]);
  React.useEffect(() => {
    if (!isNear) {
      return;
    }
    const answerView = new AnswerView(host.current!, renderer, block => addToolbars(block, codeActions, translation));
    view.current = answerView;
    return () => answerView.dispose();
  }, [isNear, renderer, codeActions, translation]);
  const describe = React.useRef(describeSource);
  describe.current = describeSource;
  React.useEffect(() => {
    const mark = grounding && ((node: HTMLElement) => markGrounding(node, grounding, describe.current, translation));
    view.current?.render(text, live, mark);
  }, [isNear, text, live, grounding, translation]);
  return (
    <div ref={host} className={`jp-agent-text jp-RenderedHTMLCommon${isNear ? '' : ' jp-agent-unrendered'}`}>
      {!isNear && <div className="jp-agent-source">{text}</div>}
    </div>
  );
}

/** Call back once, when an element comes near the viewport; returns a function that cancels this. */
function whenNear(element: Element, callback: () => void): () => void {
  const root = element.closest('.jp-agent-transcript');
  if (!root) {
    callback();
    return () => undefined;
  }
  const observer = observers.get(root) ?? new IntersectionObserver(onIntersect, { root, rootMargin: MARGIN });
  observers.set(root, observer);
  callbacks.set(element, callback);
  observer.observe(element);
  return () => observer.unobserve(element);
}

function onIntersect(entries: IntersectionObserverEntry[], observer: IntersectionObserver): void {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      observer.unobserve(target);
      callbacks.get(target)?.();
      callbacks.delete(target);
    }
  }
}
