// A preview of the request that a question would send to its model.

import * as React from 'react';
import type { ContextReply } from '../api/wire';
import type { Conversation } from '../chat/conversation';
import { posted, withSmallPictures } from '../chat/pictures';
import { questionContext } from '../notebook/notebookContext';
import { formatTokens } from './format';
import { describe } from './pictures';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

export function Preview({ conversation }: { conversation: Conversation }): JSX.Element {
  const { translation } = useServices();
  const [preview, setPreview] = React.useState<ContextReply | null>(null);
  const [problem, setProblem] = React.useState('');
  const question = conversation.draft.trim() || translation.__('(your question)');
  React.useEffect(() => {
    let isCurrent = true;
    const context = questionContext(conversation.notebook, conversation.session?.session_id ?? null, question);
    const { draftPictures, choices } = conversation;
    const preview = async () =>
      conversation.api.context.preview(
        question,
        await withSmallPictures(context, translation),
        choices.model || undefined,
        posted(draftPictures)
      );
    preview().then(
      result => isCurrent && setPreview(result),
      error => isCurrent && setProblem(conversation.errorMessage(error))
    );
    return () => {
      isCurrent = false;
    };
  }, [conversation, question, translation]);
  return (
    <div className="jp-agent-page" aria-busy={!preview && !problem}>
      {problem && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {problem}
        </p>
      )}
      {preview && <Details preview={preview} />}
    </div>
  );
}

function Details({ preview }: { preview: ContextReply }): JSX.Element {
  const { translation } = useServices();
  const { total = 0, ...parts } = preview.tokens;
  return (
    <>
      <p>
        {translation.__(
          'To %1: about %2 of at most %3 tokens. Nothing has been sent.',
          preview.model,
          formatTokens(total),
          formatTokens(preview.budget_tokens)
        )}
        {preview.withheld > 0 &&
          ` ${translation._n('%1 value that looks like a secret is replaced.', '%1 values that look like secrets are replaced.', preview.withheld)}`}
      </p>
      <ul className="jp-agent-parts" aria-label={translation.__('Tokens by part')}>
        {Object.entries(parts)
          .filter(([, count]) => count > 0)
          .map(([name, count]) => (
            <li key={name}>
              <span>{name}</span>
              <meter min={0} max={total || 1} value={count} aria-label={name} />
              <span>{formatTokens(count)}</span>
            </li>
          ))}
      </ul>
      {preview.instructions.length > 0 && (
        <details className="jp-agent-message" open>
          <summary>{translation.__('Instructions')}</summary>
          <ul>
            {preview.instructions.map(({ path, tokens, sent, characters }) => (
              <li key={path}>
                {path ? withHiddenShown(path) : translation.__('The administrator')}
                {`: ${formatTokens(tokens)}`}
                {sent < characters && ` (${translation.__('%1 of %2 characters', sent, characters)})`}
              </li>
            ))}
          </ul>
        </details>
      )}
      {preview.warnings.map(warning => (
        <p key={warning} className="jp-agent-note">
          {warning}
        </p>
      ))}
      {preview.messages.map((message, index) => (
        <details key={index} className="jp-agent-message" open={index === preview.messages.length - 1}>
          <summary>{message.role}</summary>
          <pre tabIndex={0}>{withHiddenShown(message.content)}</pre>
          {message.pictures && (
            <ul aria-label={translation.__('Pictures')}>
              {message.pictures.map((picture, number) => (
                <li key={number}>{withHiddenShown(describe(picture))}</li>
              ))}
            </ul>
          )}
        </details>
      ))}
      {preview.tools.length > 0 && (
        <details className="jp-agent-message">
          <summary>{translation._n('%1 tool', '%1 tools', preview.tools.length)}</summary>
          <dl>
            {preview.tools.map(tool => (
              <React.Fragment key={tool.name}>
                <dt>{tool.name}</dt>
                <dd>{tool.description}</dd>
              </React.Fragment>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}
