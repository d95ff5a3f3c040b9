// Below what is typed: who answers, and what the agent may do unasked.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ApprovalMode } from '../chat/choices';
import type { Conversation } from '../chat/conversation';
import type { IModels } from '../api/kernels';
import { useServices } from './services';
import type { PageName } from './agentView';

const SETTINGS = '\u0000settings';

interface IProps {
  conversation: Conversation;
  onPage: (page: PageName) => void;
}

export function ChoicesBar({ conversation, onPage }: IProps): JSX.Element {
  const { translation } = useServices();
  const { choices } = conversation;
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  return (
    <div className="jp-agent-choices">
      <ModelPicker conversation={conversation} onSettings={() => onPage('settings')} onChange={redraw} />
      <select
        value={choices.approval}
        aria-label={translation.__('What the agent may do')}
        title={translation.__('What the agent may do without asking')}
        onChange={event => {
          choices.approval = event.target.value as ApprovalMode;
          redraw();
        }}
      >
        {approvalModes(translation).map(([mode, words]) => (
          <option key={mode} value={mode}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The modes with their names for the user. */
export function approvalModes(translation: TranslationBundle): [ApprovalMode, string][] {
  return [
    ['', translation.__('Usual rules')],
    ['read-only', translation.__('Only look')],
    ['ask', translation.__('Ask first')],
    ['auto-edit', translation.__('Edit freely')],
    ['auto', translation.__('Run freely')]
  ];
}

function ModelPicker({ conversation, onSettings, onChange }: Omit<IProps, 'onPage'> & { onSettings: () => void; onChange: () => void }) {
  const { translation } = useServices();
  const { choices } = conversation;
  const models = useModels(conversation);
  const names = new Set(models?.models.map(one => one.id) ?? []);
  if (choices.model) {
    names.add(choices.model);
  }
  return (
    <select
      className="jp-agent-model"
      value={choices.model}
      aria-label={translation.__('Model')}
      title={translation.__('Which model answers')}
      onChange={event => {
        if (event.target.value === SETTINGS) {
          onSettings();
        } else {
          choices.model = event.target.value;
          onChange();
        }
      }}
    >
      <option value="">{models?.default ?? translation.__('Usual model')}</option>
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

/** The models that the server knows; null until it has told. */
export function useModels(conversation: Conversation): IModels | null {
  const { models } = useServices();
  const [told, setTold] = React.useState<IModels | null>(models.known);
  React.useEffect(() => {
    let current = true;
    void models.get().then(found => current && found && setTold(found));
    return () => {
      current = false;
    };
  }, [models, conversation]);
  return told;
}
