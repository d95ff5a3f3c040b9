// Below the input: the model and the approval mode.

import * as React from 'react';
import type { ModelsReply } from '../api/wire';
import type { ApprovalMode } from '../chat/choices';
import type { Conversation } from '../chat/conversation';
import { useRender } from './hooks';
import { type PageName, useServices } from './services';

const SETTINGS = '\u0000settings';

interface IProps {
  conversation: Conversation;
  openPage: (page: PageName) => void;
}

export function ChoicesBar({ conversation, openPage }: IProps): JSX.Element {
  const { translation } = useServices();
  const { choices } = conversation;
  const render = useRender();
  const allowed = useModels(conversation)?.approvals;
  const modes: [ApprovalMode, string][] = [
    ['', translation.__('Default')],
    ['read-only', translation.__('Read only')],
    ['ask', translation.__('Ask first')],
    ['auto-edit', translation.__('Edit without asking')],
    ['auto', translation.__('Run without asking')]
  ];
  return (
    <div className="jp-agent-choices">
      <ModelPicker conversation={conversation} onSettings={() => openPage('settings')} onChange={render} />
      <select
        value={choices.approval}
        aria-label={translation.__('What the agent may do')}
        title={translation.__('What the agent may do without asking')}
        onChange={event => {
          choices.approval = event.target.value as ApprovalMode;
          render();
        }}
      >
        {modes.map(([mode, label]) => (
          <option key={mode} value={mode} disabled={mode !== '' && allowed?.includes(mode) === false}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

interface IModelPickerProps {
  conversation: Conversation;
  onSettings: () => void;
  onChange: () => void;
}

function ModelPicker({ conversation, onSettings, onChange }: IModelPickerProps) {
  const { translation } = useServices();
  const { choices } = conversation;
  const models = useModels(conversation);
  const names = new Set(models?.models.filter(model => !model.missing_key).map(model => model.id) ?? []);
  if (choices.model) {
    names.add(choices.model);
  }
  return (
    <select
      className="jp-agent-model"
      value={choices.model}
      aria-label={translation.__('Model')}
      title={translation.__('The model that answers')}
      onChange={event => {
        if (event.target.value === SETTINGS) {
          onSettings();
        } else {
          choices.model = event.target.value;
          onChange();
        }
      }}
    >
      <option value="">{models?.default ?? translation.__('Default model')}</option>
      {Array.from(names)
        .filter(name => name !== models?.default)
        .map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      <option value={SETTINGS}>{translation.__('Settings…')}</option>
    </select>
  );
}

/** The models and approval modes that a question may ask for; null until they are known. */
function useModels(conversation: Conversation): ModelsReply | null {
  const api = conversation.api.models;
  const [models, setModels] = React.useState<ModelsReply | null>(api.cached);
  React.useEffect(() => {
    let isCurrent = true;
    void api.list().then(found => isCurrent && found && setModels(found));
    return () => {
      isCurrent = false;
    };
  }, [api]);
  return models;
}
