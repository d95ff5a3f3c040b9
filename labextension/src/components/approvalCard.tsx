// The card that asks before a call is made: what exactly it would do, and the user's word.

import * as React from 'react';
import { runIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IToolPart } from '../chat/exchange';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';
import type { Decision } from '../api/turns';

interface IProps {
  part: IToolPart;
  onDecide: (decision: Decision, always: boolean) => void;
}

const MANY_LINES = 12;

export function ApprovalCard({ part, onDecide }: IProps): JSX.Element {
  const { translation } = useServices();
  const title = React.useId();
  const { problem } = part.approval!;
  const text = whatExactly(part);
  const lines = text.split('\n').length;
  return (
    <section className="jp-agent-approval" aria-labelledby={title}>
      <h3 id={title}>{question(part, translation)}</h3>
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
          title={translation.__('From now on “%1” is not asked about in this conversation, until the page is left.', part.tool)}
          onClick={() => onDecide('approve', true)}
        >
          {translation.__('Allow for this session')}
        </button>
      </div>
    </section>
  );
}

/** Every argument that the call has; code as it is, the rest by name. */
function whatExactly(part: IToolPart): string {
  const { code, ...others } = part.arguments;
  const rest = Object.entries(others).map(([name, value]) =>
    typeof value === 'string' ? `${name}: ${value}` : `${name}: ${JSON.stringify(value)}`
  );
  return [...rest, ...(typeof code === 'string' ? [code] : code === undefined ? [] : [JSON.stringify(code)])].join('\n');
}

function question(part: IToolPart, translation: TranslationBundle): string {
  switch (part.tool) {
    case 'run_code':
      return translation.__('Run this code in your kernel?');
    case 'try_code':
      return translation.__('Try this code beside your variables?');
    case 'insert_cell':
      return translation.__('Insert this cell?');
    case 'edit_cell':
      return translation.__('Change this cell?');
    case 'delete_cell':
      return translation.__('Delete this cell?');
    case 'run_cell':
      return translation.__('Run this cell?');
    case 'restart_kernel':
      return translation.__('Restart the kernel? All variables will be lost.');
    default:
      return translation.__('Allow “%1”?', part.tool);
  }
}
