// The strip above the composer: what the agent knows of the kernel, what changed, what a question would send.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Conversation } from '../chat/conversation';
import { type IExchange, type ITokens, OFFLINE } from '../chat/exchange';
import type { IVariable } from '../api/kernels';
import type { IKernelSeen } from '../notebook/kernelWatch';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';
import { duration, tokens } from './format';
import { VariableCard } from './variableCard';

const MOST_SHOWN = 200;
const OLD_SECONDS = 3;
const NONE = { input: 0, output: 0 };

interface IProps {
  conversation: Conversation;
  onPreview: () => void;
}

export function KnowledgeStrip({ conversation, onPreview }: IProps): JSX.Element | null {
  const { watch, translation } = useServices();
  const [open, setOpen] = React.useState(false);
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    watch.changed.connect(redraw);
    return () => {
      watch.changed.disconnect(redraw);
    };
  }, [watch]);
  const spent = useSpent(conversation, translation);
  const { notebook } = conversation;
  if (!notebook) {
    return null;
  }
  const seen = watch.of(notebook);
  return (
    <details className="jp-agent-knowledge" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        <span>{inShort(seen, watch.statusOf(notebook), translation)}</span>
        <span className="jp-agent-cost">{spent}</span>
      </summary>
      {open && (
        <>
          {seen?.stale && <p className="jp-agent-note">{seen.stale}</p>}
          {seen && seen.gone.length > 0 && (
            <p className="jp-agent-note">{translation.__('Gone since the last question: %1', seen.gone.join(', '))}</p>
          )}
          {seen && <Variables seen={seen} notebook={notebook} />}
          <button type="button" className="jp-agent-small-button" onClick={onPreview}>
            {translation.__('What will be sent…')}
          </button>
        </>
      )}
    </details>
  );
}

function Variables({ seen, notebook }: { seen: IKernelSeen; notebook: NotebookPanel }): JSX.Element {
  const { translation } = useServices();
  const first = (one: IVariable) => (seen.changed.has(one.name) ? 0 : 1);
  const shown = [...seen.variables].sort((a, b) => first(a) - first(b)).slice(0, MOST_SHOWN);
  const left = seen.total - shown.length;
  return (
    <>
      <ul className="jp-agent-variables" aria-label={translation.__('Variables')}>
        {shown.map(one => (
          <li key={one.name}>
            <Variable variable={one} isNew={seen.changed.has(one.name)} notebook={notebook} />
          </li>
        ))}
      </ul>
      {left > 0 && <p className="jp-agent-note">{translation._n('%1 more', '%1 more', left)}</p>}
    </>
  );
}

function Variable({ variable, isNew, notebook }: { variable: IVariable; isNew: boolean; notebook: NotebookPanel }) {
  const { translation } = useServices();
  const [at, setAt] = React.useState<DOMRect | null>(null);
  const show = (event: React.SyntheticEvent) => setAt(event.currentTarget.getBoundingClientRect());
  const card = React.useId();
  return (
    <>
      <button
        type="button"
        aria-describedby={at ? card : undefined}
        onMouseEnter={show}
        onMouseLeave={() => setAt(null)}
        onFocus={show}
        onBlur={() => setAt(null)}
        onKeyDown={event => {
          if (event.key === 'Escape' && at) {
            event.preventDefault();
            event.stopPropagation();
            setAt(null);
          }
        }}
      >
        <b>{variable.name}</b>
        {isNew && <em>{translation.__('changed')}</em>}
        <span>{withHiddenShown(variable.summary)}</span>
      </button>
      {at && <VariableCard id={card} variable={variable} notebook={notebook} at={at} />}
    </>
  );
}

function inShort(seen: IKernelSeen | undefined, status: string, translation: TranslationBundle): string {
  if (status === 'none') {
    return translation.__('No kernel');
  }
  const words = [seen ? translation._n('%1 variable', '%1 variables', seen.total) : translation.__('Variables unknown')];
  if (seen && seen.changed.size > 0) {
    words.push(translation.__('%1 changed', seen.changed.size));
  }
  if (status === 'busy') {
    words.push(translation.__('kernel busy'));
  } else if (status !== 'idle') {
    words.push(translation.__('kernel %1', status));
  }
  const age = seen ? seen.age_s * 1000 : 0;
  if (seen?.stale && age > OLD_SECONDS * 1000) {
    words.push(translation.__('as of %1 ago', duration(age)));
  }
  return words.join(' · ');
}

/** Tokens of the whole conversation; what is over is added up once. */
function useSpent(conversation: Conversation, translation: TranslationBundle): string {
  const { settled, live } = conversation.transcript;
  const before = React.useMemo(
    () => settled.map(paid).reduce((sum, one) => ({ input: sum.input + one.input, output: sum.output + one.output }), NONE),
    [settled]
  );
  const now = live ? paid(live) : NONE;
  const input = before.input + now.input;
  const output = before.output + now.output;
  return input + output > 0 ? translation.__('%1 → %2 tokens', tokens(input), tokens(output)) : '';
}

/** The offline model reads nothing that anybody counts. */
function paid(exchange: IExchange): ITokens {
  return exchange.model === OFFLINE ? NONE : exchange.tokens;
}
