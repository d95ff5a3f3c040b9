// The card of an empty conversation: example questions, and how to connect a model.

import * as React from 'react';
import { agentIcon } from './icons';
import { useServices } from './services';

interface IProps {
  hasNotebook: boolean;
  onAsk: (question: string) => void;
}

export function Welcome({ hasNotebook, onAsk }: IProps): JSX.Element {
  const { translation } = useServices();
  const examples = [
    translation.__('Which variables are there?'),
    translation.__('Where are values missing?'),
    translation.__('What does the last error mean?')
  ];
  return (
    <div className="jp-agent-welcome">
      <agentIcon.react tag="div" className="jp-agent-welcome-icon" />
      <h2>{translation.__('Ask about your data')}</h2>
      <p>
        {hasNotebook
          ? translation.__('The agent sees this notebook and the variables in its kernel, so you need not describe them.')
          : translation.__('Open a notebook: the agent sees its cells and the variables in its kernel.')}
      </p>
      {hasNotebook && (
        <div className="jp-agent-examples">
          {examples.map(example => (
            <button key={example} type="button" className="jp-agent-button" onClick={() => onAsk(example)}>
              {example}
            </button>
          ))}
        </div>
      )}
      <ConnectHelp />
    </div>
  );
}

/** What works offline, and how to connect a model. */
export function ConnectHelp(): JSX.Element {
  const { translation } = useServices();
  return (
    <details>
      <summary>{translation.__('Works offline. Connect a model for more')}</summary>
      <p>
        {translation.__(
          'With no key and no network the agent answers from the live kernel and the notebook: variables, columns, missing values, what an error means, code for common requests.'
        )}
      </p>
      <p>{translation.__('For any other question start Jupyter with a model, hosted or on your own machine:')}</p>
      <pre tabIndex={0}>
        {'export OPENAI_API_KEY=…\n' +
          `# ${translation.__('or any OpenAI-compatible server')}\n` +
          'export OPENAI_BASE_URL=http://127.0.0.1:11434/v1\n' +
          'export JUPYTER_AGENT_MODEL=openai:…'}
      </pre>
    </details>
  );
}
