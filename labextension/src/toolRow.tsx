// What a tool did, on one line that unfolds; where it waits for the user, the card that asks.

import * as React from 'react';
import { checkIcon, closeIcon, LabIcon, runIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IToolPart } from './exchange';
import { withHiddenShown } from './safety';
import type { Decision } from './server';
import { useServices } from './services';

interface IProps {
  part: IToolPart;
  /** Whether the turn is still going on. */
  open: boolean;
  onDecide: (decision: Decision) => void;
}

export function ToolRow({ part, open, onDecide }: IProps): JSX.Element {
  const { translation } = useServices();
  if (part.approval && part.status === 'running' && open) {
    return <ApprovalCard part={part} onDecide={onDecide} />;
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

function ApprovalCard({ part, onDecide }: Omit<IProps, 'open'>): JSX.Element {
  const { translation } = useServices();
  const title = React.useId();
  const approval = part.approval!;
  const code = codeOf(part) || JSON.stringify(part.arguments, null, 2);
  const lines = code.split('\n').length;
  return (
    <section className="jp-agent-approval" aria-labelledby={title}>
      <h3 id={title}>
        {part.effect === 'execute'
          ? translation.__('Run this code in your kernel?')
          : translation.__('Allow “%1”?', part.tool)}
      </h3>
      <pre tabIndex={0} dir="ltr">
        {withHiddenShown(code)}
      </pre>
      {lines > 12 && <p className="jp-agent-note">{translation.__('%1 lines', lines)}</p>}
      {approval.problem && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {approval.problem}
        </p>
      )}
      <div className="jp-agent-buttons">
        <button
          type="button"
          className="jp-agent-button jp-agent-primary"
          disabled={approval.answer !== null}
          onClick={() => onDecide('approve')}
        >
          <runIcon.react tag="span" />
          {approval.answer === 'approve' ? translation.__('Running…') : translation.__('Run')}
        </button>
        <button
          type="button"
          className="jp-agent-button"
          disabled={approval.answer !== null}
          onClick={() => onDecide('deny')}
        >
          {approval.answer === 'deny' ? translation.__('Denied') : translation.__('Deny')}
        </button>
      </div>
    </section>
  );
}

function Mark({ part }: { part: IToolPart }): JSX.Element {
  if (part.status === 'running') {
    return <span className="jp-agent-spinner" />;
  }
  const icon: LabIcon = part.status === 'done' ? checkIcon : closeIcon;
  return <icon.react tag="span" className="jp-agent-mark" />;
}

/** The code that a call runs, if it runs any. */
function codeOf(part: IToolPart): string {
  return typeof part.arguments.code === 'string' ? part.arguments.code : '';
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
    return part.effect === 'read' ? translation.__('not allowed') : translation.__('did not run the code: denied');
  }
  if (part.status === 'needs_approval') {
    return translation.__('did not run the code: nobody could approve it');
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
