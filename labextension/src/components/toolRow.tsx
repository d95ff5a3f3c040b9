// What a tool did, on one line that unfolds; where it waits for the user, the card that asks.

import * as React from 'react';
import { checkIcon, closeIcon, LabIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ApprovalCard } from './approvalCard';
import type { IToolPart } from '../chat/exchange';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';
import { duration } from './format';
import type { Decision } from '../api/turns';

const TICK_MILLISECONDS = 1000;

interface IProps {
  part: IToolPart;
  /** Whether the turn is still going on. */
  open: boolean;
  onDecide: (decision: Decision, always: boolean) => void;
  onInterrupt: () => void;
}

export function ToolRow({ part, open, onDecide, onInterrupt }: IProps): JSX.Element {
  const { translation } = useServices();
  if (part.approval && !part.approval.answer && part.status === 'running' && open) {
    return <ApprovalCard part={part} onDecide={onDecide} />;
  }
  if (part.status === 'running' && open) {
    return <Running part={part} onInterrupt={onInterrupt} />;
  }
  const code = codeOf(part);
  const summary = (
    <>
      <Mark part={part} />
      <span>{toolWords(part, translation)}</span>
    </>
  );
  if (!code && !part.content) {
    return <div className="jp-agent-tool">{summary}</div>;
  }
  return (
    <details className="jp-agent-tool">
      <summary>{summary}</summary>
      {code && <pre tabIndex={0}>{withHiddenShown(code)}</pre>}
      {part.content && <pre tabIndex={0}>{withHiddenShown(readable(part.content))}</pre>}
    </details>
  );
}

/** A call that goes on: for how long, and the way to end it. */
function Running({ part, onInterrupt }: Pick<IProps, 'part' | 'onInterrupt'>): JSX.Element {
  const { translation } = useServices();
  const [, tick] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const timer = window.setInterval(tick, TICK_MILLISECONDS);
    return () => window.clearInterval(timer);
  }, []);
  const elapsed = performance.now() - part.since;
  return (
    <div className="jp-agent-tool">
      <Mark part={part} />
      <span>{toolWords(part, translation)}</span>
      {elapsed >= TICK_MILLISECONDS && <span role="timer">{duration(elapsed)}</span>}
      {part.effect === 'execute' && (
        <button type="button" className="jp-agent-small-button" onClick={onInterrupt}>
          {translation.__('Interrupt')}
        </button>
      )}
    </div>
  );
}

function Mark({ part }: { part: IToolPart }): JSX.Element {
  if (part.status === 'running') {
    return <span className="jp-agent-spinner" />;
  }
  const icon: LabIcon = part.status === 'done' ? checkIcon : closeIcon;
  return <icon.react tag="span" className="jp-agent-mark" />;
}

/** The code that a call runs or writes, if it does. */
export function codeOf(part: IToolPart): string {
  const { code, source } = part.arguments;
  return typeof code === 'string' ? code : typeof source === 'string' ? source : '';
}

/** A tool's result for the eye: JSON on several lines, everything else as it is. */
function readable(content: string): string {
  try {
    return JSON.stringify(JSON.parse(content), null, 2);
  } catch {
    return content;
  }
}

function toolWords(part: IToolPart, translation: TranslationBundle): string {
  const what = subject(part);
  if (part.status === 'denied') {
    return part.tool === 'run_code'
      ? translation.__('did not run the code: denied')
      : translation.__('not allowed: %1', part.tool.replace(/_/g, ' '));
  }
  if (part.status === 'needs_approval') {
    return part.tool === 'run_code'
      ? translation.__('did not run the code: nobody could approve it')
      : translation.__('nobody could approve: %1', part.tool.replace(/_/g, ' '));
  }
  if (part.status === 'interrupted') {
    return translation.__('stopped: %1', part.tool.replace(/_/g, ' '));
  }
  switch (part.tool) {
    case 'list_variables':
      return translation.__('looked at the variables');
    case 'inspect_variable':
      return translation.__('looked at %1', what);
    case 'read_error':
      return translation.__('read the last error');
    case 'read_cells':
      return translation.__('read the notebook’s cells');
    case 'list_files':
      return translation.__('looked at the files');
    case 'run_code':
      return runWords(part, translation);
    case 'try_code':
      return translation.__('tried code on the side');
    case 'insert_cell':
      return translation.__('inserted a cell');
    case 'edit_cell':
      return translation.__('changed a cell');
    case 'delete_cell':
      return translation.__('deleted a cell');
    case 'move_cell':
      return translation.__('moved a cell');
    case 'run_cell':
      return translation.__('ran a cell');
    case 'read_output':
      return translation.__('read a cell’s output');
    case 'search_notebook':
      return translation.__('searched the notebook');
    case 'read_file':
      return translation.__('read a file');
    case 'get_signature':
      return translation.__('looked up %1', what);
    case 'check_notebook':
      return translation.__('checked the notebook for stale cells');
    default:
      return translation.__('used %1', part.tool.replace(/_/g, ' '));
  }
}

function runWords(part: IToolPart, translation: TranslationBundle): string {
  if (part.status === 'running') {
    return translation.__('running code');
  }
  return part.status === 'failed' ? translation.__('ran code, which failed') : translation.__('ran code');
}

function subject(part: IToolPart): string {
  const { name, column } = part.arguments;
  const words = typeof name === 'string' ? name : part.tool;
  return withHiddenShown(typeof column === 'string' ? `${words}[${JSON.stringify(column)}]` : words).slice(0, 100);
}
