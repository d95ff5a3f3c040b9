// The card that asks for approval of a call: what would be done, why it is asked, and the buttons to decide.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';
import type { IDecision } from '../api/turns';
import type { Conversation } from '../chat/conversation';
import { argumentOf, type IToolPart } from '../chat/turn';
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
  const language = notebook && (part.effect === 'execute' || part.display?.edit) ? notebookLanguage(notebook) : '';
  const deny = () => onDecide({ decision: 'deny', words: words.trim() });
  return (
    <section className="jp-agent-approval" aria-labelledby={titleId}>
      <h3 id={titleId} title={part.tool}>
        {withHiddenShown(part.title)}?
      </h3>
      {place && <p className="jp-agent-note">{place}</p>}
      {part.display?.caution && <p className="jp-agent-note">{withHiddenShown(part.display.caution)}</p>}
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

/** Which cell the call is about and where it is to be, as the user counts cells. */
function placeOf(conversation: Conversation, part: IToolPart, translation: TranslationBundle): string {
  const cellId = argumentOf(part, 'cell_id');
  const below = argumentOf(part, 'below');
  const about = (id: string, known: string) => {
    const index = conversation.notebook?.content.widgets.findIndex(cell => cell.model.id === id) ?? -1;
    return index < 0
      ? translation.__('A cell that is not in this notebook: %1', withHiddenShown(id))
      : translation.__(known, index + 1);
  };
  return [
    cellId === undefined ? '' : about(cellId, 'Cell %1'),
    below === undefined ? '' : below === '' ? translation.__('At the top of the notebook') : about(below, 'Below cell %1')
  ]
    .filter(Boolean)
    .join(' → ');
}

/** Arguments of a call by name, but those that are shown otherwise. */
function argumentsText(part: IToolPart, hasPreview: boolean): string {
  const roles = part.display?.arguments ?? {};
  const isShown = (name: string, value: unknown) =>
    roles[name] === 'cell_id' || roles[name] === 'below' ? typeof value === 'string' : hasPreview && name in roles;
  return Object.entries(part.arguments)
    .filter(([name, value]) => !isShown(name, value))
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n');
}
