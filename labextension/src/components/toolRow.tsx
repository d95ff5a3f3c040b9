// A tool call on one line, with its code and its result to unfold; the approval card while it waits for the user.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { buildIcon, closeIcon, LabIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { IDecision } from '../api/turns';
import type { Conversation } from '../chat/conversation';
import { argumentOf, type IToolPart } from '../chat/turn';
import { ApprovalCard } from './approvalCard';
import { formatDuration } from './format';
import { useRender } from './hooks';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

const TICK_MILLISECONDS = 1000;
const MAX_SUBJECT_CHARACTERS = 100;

interface IProps {
  conversation: Conversation;
  part: IToolPart;
  /** Whether the turn is still running. */
  running: boolean;
  onDecide: (decision: IDecision) => void;
  onInterrupt: () => void;
}

export function ToolRow({ conversation, part, running, onDecide, onInterrupt }: IProps): JSX.Element {
  const { translation } = useServices();
  if (part.status === 'running' && running) {
    const { approval } = part;
    if (!approval || approval.decision) {
      return <RunningCall part={part} onInterrupt={onInterrupt} />;
    }
    return approval.isAtCell && !approval.problem ? (
      <ProposedAtCell part={part} onReveal={() => conversation.reveal(part)} />
    ) : (
      <ApprovalCard conversation={conversation} part={part} onDecide={onDecide} />
    );
  }
  // A call that is read from the history has no roles: there the names of our own tools' arguments say what is code.
  const { code, source } = part.arguments;
  const shownCode = argumentOf(part, 'source') ?? [code, source].find(text => typeof text === 'string') ?? '';
  const icon = part.status === 'done' || part.status === 'running' ? toolIcon(part.icon) : closeIcon;
  const summary = (
    <>
      <icon.react tag="span" className="jp-agent-mark" />
      <span>{callLabel(part, translation)}</span>
    </>
  );
  if (!shownCode && !part.content) {
    return <div className="jp-agent-tool">{summary}</div>;
  }
  return (
    <details className="jp-agent-tool">
      <summary>{summary}</summary>
      {shownCode && <pre tabIndex={0}>{withHiddenShown(shownCode)}</pre>}
      {part.content && <pre tabIndex={0}>{withHiddenShown(indented(part.content))}</pre>}
    </details>
  );
}

/** An edit that is asked about at its cell, and only there. */
function ProposedAtCell({ part, onReveal }: { part: IToolPart; onReveal: () => void }): JSX.Element {
  const { translation } = useServices();
  return (
    <div className="jp-agent-tool jp-agent-at-cell">
      <span>{translation.__('%1? It is proposed in the notebook.', withHiddenShown(part.title))}</span>
      <button type="button" className="jp-agent-small-button" onClick={onReveal}>
        {translation.__('Show')}
      </button>
    </div>
  );
}

/** A running call, with its duration and a button that interrupts the kernel. */
function RunningCall({ part, onInterrupt }: Pick<IProps, 'part' | 'onInterrupt'>): JSX.Element {
  const { translation } = useServices();
  const tick = useRender();
  React.useEffect(() => {
    const timer = window.setInterval(tick, TICK_MILLISECONDS);
    return () => window.clearInterval(timer);
  }, []);
  const elapsed = performance.now() - part.startedAt;
  return (
    <div className="jp-agent-tool">
      <span className="jp-agent-spinner" />
      <span>{callLabel(part, translation)}</span>
      {elapsed >= TICK_MILLISECONDS && <span role="timer">{formatDuration(elapsed)}</span>}
      {part.effect === 'execute' && (
        <button type="button" className="jp-agent-small-button" onClick={onInterrupt}>
          {translation.__('Interrupt')}
        </button>
      )}
      {part.content && <pre tabIndex={0}>{withHiddenShown(part.content)}</pre>}
    </div>
  );
}

/** The icon with a name; a generic one where JupyterLab has none of this name, for which it makes a placeholder. */
function toolIcon(name: string): LabIcon {
  const icon = name ? LabIcon.resolve({ icon: name }) : buildIcon;
  return icon.svgstr === refreshIcon.svgstr && icon.name !== refreshIcon.name ? buildIcon : icon;
}

/** JSON on several lines; everything else as it is. */
function indented(content: string): string {
  try {
    return JSON.stringify(JSON.parse(content), null, 2);
  } catch {
    return content;
  }
}

/** The tool's title, the name that it is about, and its status unless it is done. */
function callLabel(part: IToolPart, translation: TranslationBundle): string {
  const { name, column } = part.arguments;
  const subject = typeof name === 'string' ? name + (typeof column === 'string' ? `[${JSON.stringify(column)}]` : '') : '';
  const label = withHiddenShown(subject ? `${part.title}: ${subject.slice(0, MAX_SUBJECT_CHARACTERS)}` : part.title);
  switch (part.status) {
    case 'failed':
      return translation.__('%1 (failed)', label);
    case 'denied':
      return translation.__('%1 (denied)', label);
    case 'needs_approval':
      return translation.__('%1 (not approved)', label);
    case 'interrupted':
      return translation.__('%1 (interrupted)', label);
    default:
      return label;
  }
}
