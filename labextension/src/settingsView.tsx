// The settings that a user may change: who answers, what the agent may do, and how to connect a model.

import * as React from 'react';
import type { ApprovalMode } from './choices';
import { approvalModes, useModels } from './choicesBar';
import type { Conversation } from './conversation';
import { useServices } from './services';
import { ConnectHelp } from './welcome';

interface IProps {
  conversation: Conversation;
  onDone: () => void;
}

export function Settings({ conversation, onDone }: IProps): JSX.Element {
  const { translation } = useServices();
  const { choices } = conversation;
  const models = useModels(conversation);
  const [model, setModel] = React.useState(choices.model);
  const [approval, setApproval] = React.useState<ApprovalMode>(choices.approval);
  const problem = /\s/.test(model.trim()) || model.length > 200 ? translation.__('A model’s name has no spaces.') : '';
  const list = React.useId();
  const told = React.useId();
  return (
    <form
      className="jp-agent-page jp-agent-settings"
      onSubmit={event => {
        event.preventDefault();
        if (!problem) {
          choices.model = model.trim();
          choices.approval = approval;
          onDone();
        }
      }}
    >
      <h3>{translation.__('For this notebook')}</h3>
      <label>
        <span>{translation.__('Model')}</span>
        <input
          value={model}
          list={list}
          placeholder={models?.default ?? ''}
          aria-invalid={problem !== ''}
          aria-describedby={told}
          onChange={event => setModel(event.target.value)}
        />
      </label>
      <datalist id={list}>
        {models?.models.map(one => <option key={one.id} value={one.id} />)}
      </datalist>
      <p id={told} className={problem ? 'jp-agent-note jp-agent-problem' : 'jp-agent-note'}>
        {problem || translation.__('As provider:model, for example openai:gpt-5; empty for the server’s own.')}
      </p>
      <label>
        <span>{translation.__('What the agent may do')}</span>
        <select value={approval} onChange={event => setApproval(event.target.value as ApprovalMode)}>
          {approvalModes(translation).map(([mode, words]) => (
            <option key={mode} value={mode}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <div className="jp-agent-buttons">
        <button type="submit" className="jp-agent-button jp-agent-primary" disabled={problem !== ''}>
          {translation.__('Save')}
        </button>
      </div>
      <ConnectHelp />
    </form>
  );
}
