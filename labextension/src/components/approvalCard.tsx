// The card that asks for approval of a call: the exact arguments, and the buttons to decide.

import * as React from 'react';
import { runIcon } from '@jupyterlab/ui-components';
import type { Decision } from '../api/turns';
import type { IToolPart } from '../chat/exchange';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

interface IProps {
  part: IToolPart;
  onDecide: (decision: Decision, always: boolean) => void;
}

/** From so many lines on their number is shown. */
const MANY_LINES = 12;

export function ApprovalCard({ part, onDecide }: IProps): JSX.Element {
  const { translation } = useServices();
  const titleId = React.useId();
  const { problem } = part.approval!;
  const text = argumentsText(part);
  const lines = text.split('\n').length;
  return (
    <section className="jp-agent-approval" aria-labelledby={titleId}>
      <h3 id={titleId} title={part.tool}>
        {withHiddenShown(part.title)}?
      </h3>
      {part.tool === 'restart_kernel' && (
        <p className="jp-agent-note">{translation.__('All variables will be lost.')}</p>
      )}
      <pre tabIndex={0} dir="ltr">
        {withHiddenShown(text)}
      </pre>
      {lines > MANY_LINES && <p className="jp-agent-note">{translation.__('%1 lines', lines)}</p>}
      {problem && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="jp-agent-buttons">
        <button type="button" className="jp-agent-button jp-agent-primary" onClick={() => onDecide('approve', false)}>
          <runIcon.react tag="span" />
          {part.effect === 'execute' ? translation.__('Run') : translation.__('Allow')}
        </button>
        <button type="button" className="jp-agent-button" onClick={() => onDecide('deny', false)}>
          {translation.__('Deny')}
        </button>
        <button
          type="button"
          className="jp-agent-button"
          title={translation.__('Allow all calls of “%1” in this conversation until the page is closed', part.tool)}
          onClick={() => onDecide('approve', true)}
        >
          {translation.__('Allow for this session')}
        </button>
      </div>
    </section>
  );
}

/** All arguments of a call by name; code as it is, and last. */
function argumentsText(part: IToolPart): string {
  const { code, ...others } = part.arguments;
  const lines = Object.entries(others).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`
  );
  if (code !== undefined) {
    lines.push(typeof code === 'string' ? code : JSON.stringify(code));
  }
  return lines.join('\n');
}
