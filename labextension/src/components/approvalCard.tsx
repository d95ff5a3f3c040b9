// The card that asks for approval of a call: what would be done, why it is asked, and the buttons to decide.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';
import type { IDecision } from '../api/turns';
import type { Conversation } from '../chat/conversation';
import type { IToolPart } from '../chat/turn';
import { notebookLanguage } from '../notebook/notebookContext';
import { HighlightedCode } from './highlightedCode';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

interface IProps {
  conversation: Conversation;
  part: IToolPart;
  onDecide: (decision: IDecision) => void;
}

/** From so many lines on their number is shown. */
const MANY_LINES = 12;
/** Arguments of our own tools that the card shows in words, and those that it shows as what would be done. */
const PLACES: Record<string, readonly string[]> = {
  insert_cell: ['below'],
  edit_cell: ['cell_id'],
  delete_cell: ['cell_id'],
  move_cell: ['cell_id', 'below'],
  run_cell: ['cell_id']
};
const PREVIEWED: Record<string, readonly string[]> = {
  insert_cell: ['source', 'run'],
  edit_cell: ['source', 'replace', 'run'],
  run_code: ['code'],
  try_code: ['code']
};

export function ApprovalCard({ conversation, part, onDecide }: IProps): JSX.Element {
  const { translation } = useServices();
  const titleId = React.useId();
  const [words, setWords] = React.useState('');
  const { problem, preview, reasons, effects, mayStand } = part.approval!;
  const place = placeOf(conversation, part, translation);
  const code = withHiddenShown(preview);
  const others = withHiddenShown(argumentsText(part, preview !== ''));
  const lines = code.split('\n').length;
  const { notebook } = conversation;
  const language = notebook && (part.effect === 'execute' || part.tool.endsWith('_cell')) ? notebookLanguage(notebook) : '';
  const deny = () => onDecide({ decision: 'deny', words: words.trim() });
  return (
    <section className="jp-agent-approval" aria-labelledby={titleId}>
      <h3 id={titleId} title={part.tool}>
        {withHiddenShown(part.title)}?
      </h3>
      {place && <p className="jp-agent-note">{place}</p>}
      {part.tool === 'restart_kernel' && (
        <p className="jp-agent-note">{translation.__('All variables will be lost.')}</p>
      )}
      {others && (
        <pre tabIndex={0} dir="ltr">
          {others}
        </pre>
      )}
      {code && <HighlightedCode code={code} language={language} />}
      {lines > MANY_LINES && <p className="jp-agent-note">{translation.__('%1 lines', lines)}</p>}
      {reasons.length > 0 && (
        <div className="jp-agent-reasons">
          <p>{translation.__('Needs approval every time:')}</p>
          <ul>
            {reasons.map(({ text, more }, index) => (
              <li key={index}>
                {withHiddenShown(text)}
                {more.length > 0 && (
                  <details>
                    <summary>{translation.__('All of it')}</summary>
                    <pre dir="ltr">{withHiddenShown(more.join('\n'))}</pre>
                  </details>
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
      {problem && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="jp-agent-buttons">
        <button type="button" className="jp-agent-button jp-agent-primary" onClick={() => onDecide({ decision: 'approve' })}>
          <runIcon.react tag="span" />
          {translation.__('Allow once')}
        </button>
        {mayStand && (
          <button
            type="button"
            className="jp-agent-button"
            title={translation.__('What reaches beyond the kernel needs approval every time')}
            onClick={() => onDecide({ decision: 'approve', scope: 'conversation' })}
          >
            {effects.includes('write')
              ? translation.__('Allow edits and running code in this conversation')
              : part.effect === 'execute'
              ? translation.__('Allow running code in this conversation')
              : translation.__('Allow edits in this conversation')}
          </button>
        )}
        <button type="button" className="jp-agent-button" onClick={deny}>
          {translation.__('Deny')}
        </button>
        <input
          type="text"
          value={words}
          maxLength={2000}
          data-lm-suppress-shortcuts="true"
          aria-label={translation.__('Why not, for the agent (optional)')}
          placeholder={translation.__('Why not? (optional)')}
          onChange={event => setWords(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
              event.preventDefault();
              deny();
            }
          }}
        />
      </div>
    </section>
  );
}

/** Which cell the call is about, as the user counts cells. */
function placeOf(conversation: Conversation, { tool, arguments: values }: IToolPart, translation: TranslationBundle): string {
  const about = (id: unknown, known: string, unknown: string) => {
    const index = conversation.notebook?.content.widgets.findIndex(cell => cell.model.id === id) ?? -1;
    return index < 0 ? unknown : translation.__(known, index + 1);
  };
  const below = () =>
    values.below === '' ? translation.__('At the top of the notebook') : about(values.below, 'Below cell %1', '');
  switch (tool) {
    case 'insert_cell':
      return values.below === undefined ? '' : below();
    case 'move_cell':
      return [about(values.cell_id, 'Cell %1', ''), below()].filter(Boolean).join(' → ');
    default:
      return values.cell_id === undefined || !(tool in PLACES)
        ? ''
        : about(values.cell_id, 'Cell %1', translation.__('A cell that is not in this notebook: %1', String(values.cell_id)));
  }
}

/** Arguments of a call by name, but those that are shown otherwise; a tool of others may give any name a meaning of its own. */
function argumentsText(part: IToolPart, hasPreview: boolean): string {
  const shown = [...(PLACES[part.tool] ?? []), ...((hasPreview && PREVIEWED[part.tool]) || [])];
  return Object.entries(part.arguments)
    .filter(([name]) => !shown.includes(name))
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n');
}
