// The strip above the composer: the kernel's variables, what changed since the last question, tokens used.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { VariableReply } from '../api/wire';
import type { Conversation } from '../chat/conversation';
import { type ITurn, type ITokens, NO_TOKENS, OFFLINE } from '../chat/turn';
import type { IKernelSnapshot } from '../notebook/kernelWatch';
import { describeTokens, formatDuration } from './format';
import { useSignal } from './hooks';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';
import { VariableCard } from './variableCard';

const MAX_SHOWN = 200;
const OLD_SECONDS = 3;

interface IProps {
  conversation: Conversation;
  onPreview: () => void;
}

export function KernelStrip({ conversation, onPreview }: IProps): JSX.Element | null {
  const { kernelWatch, translation } = useServices();
  const [open, setOpen] = React.useState(false);
  useSignal(kernelWatch.changed);
  const usage = useTokenUsage(conversation, translation);
  const { notebook } = conversation;
  if (!notebook) {
    return null;
  }
  const snapshot = kernelWatch.get(notebook);
  return (
    <details className="jp-agent-knowledge" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        <span>{summary(snapshot, kernelWatch.statusOf(notebook), translation)}</span>
        <span className="jp-agent-cost">{usage}</span>
      </summary>
      {open && (
        <>
          {snapshot?.stale && <p className="jp-agent-note">{snapshot.stale}</p>}
          {snapshot && snapshot.deleted.length > 0 && (
            <p className="jp-agent-note">{translation.__('Deleted since the last question: %1', snapshot.deleted.join(', '))}</p>
          )}
          {snapshot && <Variables snapshot={snapshot} notebook={notebook} />}
          <button type="button" className="jp-agent-small-button" onClick={onPreview}>
            {translation.__('What will be sent…')}
          </button>
        </>
      )}
    </details>
  );
}

function Variables({ snapshot, notebook }: { snapshot: IKernelSnapshot; notebook: NotebookPanel }): JSX.Element {
  const { translation } = useServices();
  const { variables, changed, total } = snapshot;
  const rank = (variable: VariableReply) => (changed.has(variable.name) ? 0 : 1);
  const shown = [...variables].sort((a, b) => rank(a) - rank(b)).slice(0, MAX_SHOWN);
  const hidden = total - shown.length;
  return (
    <>
      <ul className="jp-agent-variables" aria-label={translation.__('Variables')}>
        {shown.map(variable => (
          <li key={variable.name}>
            <Variable variable={variable} isChanged={changed.has(variable.name)} notebook={notebook} />
          </li>
        ))}
      </ul>
      {hidden > 0 && <p className="jp-agent-note">{translation._n('%1 more', '%1 more', hidden)}</p>}
    </>
  );
}

function Variable({ variable, isChanged, notebook }: { variable: VariableReply; isChanged: boolean; notebook: NotebookPanel }) {
  const { translation } = useServices();
  const [anchor, setAnchor] = React.useState<DOMRect | null>(null);
  const show = (event: React.SyntheticEvent) => setAnchor(event.currentTarget.getBoundingClientRect());
  const cardId = React.useId();
  return (
    <>
      <button
        type="button"
        aria-describedby={anchor ? cardId : undefined}
        onMouseEnter={show}
        onMouseLeave={() => setAnchor(null)}
        onFocus={show}
        onBlur={() => setAnchor(null)}
        onKeyDown={event => {
          if (event.key === 'Escape' && anchor) {
            event.preventDefault();
            event.stopPropagation();
            setAnchor(null);
          }
        }}
      >
        <b>{variable.name}</b>
        {isChanged && <em>{translation.__('changed')}</em>}
        <span>{withHiddenShown(variable.summary)}</span>
      </button>
      {anchor && <VariableCard id={cardId} variable={variable} notebook={notebook} anchor={anchor} />}
    </>
  );
}

function summary(snapshot: IKernelSnapshot | undefined, status: string, translation: TranslationBundle): string {
  if (status === 'none') {
    return translation.__('No kernel');
  }
  const facts = [
    snapshot ? translation._n('%1 variable', '%1 variables', snapshot.total) : translation.__('Variables unknown')
  ];
  if (snapshot && snapshot.changed.size > 0) {
    facts.push(translation.__('%1 changed', snapshot.changed.size));
  }
  if (status === 'busy') {
    facts.push(translation.__('kernel busy'));
  } else if (status !== 'idle') {
    facts.push(translation.__('kernel %1', status));
  }
  const age = snapshot ? snapshot.age_s * 1000 : 0;
  if (snapshot?.stale && age > OLD_SECONDS * 1000) {
    facts.push(translation.__('as of %1 ago', formatDuration(age)));
  }
  return facts.join(' · ');
}

/** Tokens of the whole conversation; those of ended turns are added up once. */
function useTokenUsage(conversation: Conversation, translation: TranslationBundle): string {
  const { ended, running } = conversation.transcript;
  const before = React.useMemo(
    () => ended
        .map(countedTokens)
        .reduce(added, NO_TOKENS),
    [ended]
  );
  return describeTokens(added(before, running ? countedTokens(running) : NO_TOKENS), translation);
}

function added(sum: ITokens, more: ITokens): ITokens {
  return { input: sum.input + more.input, output: sum.output + more.output, cached: sum.cached + more.cached };
}

/** The offline model's tokens cost nothing, and are not counted. */
function countedTokens(turn: ITurn): ITokens {
  return turn.model === OFFLINE ? NO_TOKENS : turn.tokens;
}
