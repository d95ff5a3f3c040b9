// React hooks of the panel's components.

import * as React from 'react';
import type { ISignal } from '@lumino/signaling';

/** A function that renders the component again. */
export function useRender(): () => void {
  return React.useReducer((count: number) => count + 1, 0)[1];
}

/** Render the component again whenever a signal is emitted. */
export function useSignal(signal: ISignal<any, any>): void {
  const render = useRender();
  React.useEffect(() => {
    signal.connect(render);
    render(); // It may have been emitted between the first rendering and now.
    return () => {
      signal.disconnect(render);
    };
  }, [signal]);
}
