// Which elements of the transcript have come near the eye: one observer for all of them.

/** So far outside of what can be seen an element counts as near. */
const MARGIN = '800px 0px';

const observers = new WeakMap<Element, IntersectionObserver>();
const waiting = new WeakMap<Element, () => void>();

/** Call back once, when an element comes near; returns what ends the waiting. */
export function whenNear(element: Element, act: () => void): () => void {
  const root = element.closest('.jp-agent-transcript');
  if (!root) {
    act();
    return () => undefined;
  }
  const observer = observers.get(root) ?? new IntersectionObserver(tell, { root, rootMargin: MARGIN });
  observers.set(root, observer);
  waiting.set(element, act);
  observer.observe(element);
  return () => observer.unobserve(element);
}

function tell(entries: IntersectionObserverEntry[], observer: IntersectionObserver): void {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      observer.unobserve(target);
      waiting.get(target)?.();
      waiting.delete(target);
    }
  }
}
