// The settings of the server that a user may change: who answers, with which key, and what the agent may do.

import * as React from 'react';
import type { Conversation } from '../chat/conversation';
import type { IModels, ISetting, ISettings } from '../api/kernels';
import { useServices } from './services';
import { changes, type Draft, problemOf, settingLabels } from './settingsDraft';
import { ConnectHelp } from './welcome';

interface IProps {
  conversation: Conversation;
  onDone: () => void;
}

export function Settings({ conversation, onDone }: IProps): JSX.Element {
  const { models, translation } = useServices();
  const { facts } = conversation.server;
  const [told, setTold] = React.useState<ISettings | null>(null);
  const [draft, setDraft] = React.useState<Draft>({ settings: {}, keys: {} });
  const [problem, setProblem] = React.useState('');
  const [found, setFound] = React.useState<IModels | null>(models.known);
  React.useEffect(() => {
    facts.settings().then(setTold, error => setProblem(conversation.words(error)));
    void models.get().then(setFound);
  }, [facts, models, conversation]);
  const save = async () => {
    try {
      await facts.change(changes(draft));
      models.forget();
      void models.get();
      conversation.tell(translation.__('The settings are saved.'));
      onDone();
    } catch (error) {
      setProblem(conversation.words(error));
    }
  };
  const search = async () => {
    try {
      setFound(await facts.models(true));
    } catch (error) {
      setProblem(conversation.words(error));
    }
  };
  const wrong = problemOf(draft, translation);
  const set = (name: string, value: unknown) => setDraft({ ...draft, settings: { ...draft.settings, [name]: value } });
  return (
    <form
      className="jp-agent-page jp-agent-settings"
      onSubmit={event => {
        event.preventDefault();
        if (!wrong) {
          void save();
        }
      }}
    >
      {told &&
        Object.entries(told.settings).map(([name, setting]) => (
          <Field
            key={name}
            name={name}
            setting={setting}
            value={name in draft.settings ? draft.settings[name] : setting.value}
            options={name === 'model' ? modelNames(found) : []}
            onChange={value => set(name, value)}
          />
        ))}
      {told && (
        <button type="button" className="jp-agent-button jp-agent-search-models" onClick={() => void search()}>
          {translation.__('Look for models on this machine')}
        </button>
      )}
      {found?.found && found.found.length === 0 && (
        <p className="jp-agent-note" role="status">
          {translation.__('No server of models runs on this machine.')}
        </p>
      )}
      {told && <Keys told={told} draft={draft} onChange={keys => setDraft({ ...draft, keys })} />}
      {(wrong || problem) && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {wrong || problem}
        </p>
      )}
      <div className="jp-agent-buttons">
        <button type="submit" className="jp-agent-button jp-agent-primary" disabled={wrong !== '' || !told}>
          {translation.__('Save')}
        </button>
        <button type="button" className="jp-agent-button" onClick={onDone}>
          {translation.__('Cancel')}
        </button>
      </div>
      <ConnectHelp />
    </form>
  );
}

interface IFieldProps {
  name: string;
  setting: ISetting;
  value: unknown;
  options: readonly string[];
  onChange: (value: unknown) => void;
}

function Field({ name, setting, value, options, onChange }: IFieldProps): JSX.Element {
  const { translation } = useServices();
  const id = React.useId();
  const help = `${id}-help`;
  const common = { id, disabled: setting.locked, 'aria-describedby': help };
  const label = settingLabels(translation)[name] ?? name.replace(/_/g, ' ');
  let input: JSX.Element;
  if (setting.choices) {
    input = (
      <select {...common} value={String(value ?? '')} onChange={event => onChange(event.target.value)}>
        {setting.choices.map(choice => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  } else if (typeof setting.value === 'boolean') {
    input = <input {...common} type="checkbox" checked={value === true} onChange={event => onChange(event.target.checked)} />;
  } else {
    const isNumber = typeof setting.value === 'number';
    input = (
      <input
        {...common}
        type={isNumber ? 'number' : 'text'}
        list={options.length > 0 ? `${id}-list` : undefined}
        value={String(value ?? '')}
        onChange={event => onChange(isNumber ? Number(event.target.value) : event.target.value.trim())}
      />
    );
  }
  return (
    <div className="jp-agent-field">
      <label htmlFor={id}>{label}</label>
      {input}
      {options.length > 0 && (
        <datalist id={`${id}-list`}>
          {options.map(one => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
      <p id={help} className="jp-agent-note">
        {setting.help} {sourceWords(setting, translation.__.bind(translation))}
        {setting.source === 'user' && !setting.locked && (
          <button type="button" className="jp-agent-small-button" onClick={() => onChange(null)}>
            {translation.__('Reset')}
          </button>
        )}
      </p>
    </div>
  );
}

interface IKeysProps {
  told: ISettings;
  draft: Draft;
  onChange: (keys: Draft['keys']) => void;
}

function Keys({ told, draft, onChange }: IKeysProps): JSX.Element {
  const { translation } = useServices();
  const title = React.useId();
  return (
    <details className="jp-agent-keys">
      <summary id={title}>{translation.__('Keys of model providers')}</summary>
      {Object.entries(told.keys).map(([provider, key]) => (
        <label key={provider}>
          <span>{provider}</span>
          <input
            type="password"
            autoComplete="off"
            disabled={key.source === 'environment'}
            placeholder={key.set ? translation.__('set (%1)', key.source || key.variable) : key.variable}
            value={draft.keys[provider] ?? ''}
            onChange={event => onChange({ ...draft.keys, [provider]: event.target.value.trim() })}
          />
        </label>
      ))}
      <p className="jp-agent-note">{translation.__('Keys are kept on the server and are never shown again.')}</p>
    </details>
  );
}

function modelNames(found: IModels | null): readonly string[] {
  const local = (found?.found ?? []).flatMap(one => one.models);
  return Array.from(new Set([...(found?.models ?? []).map(one => one.id), ...local]));
}

function sourceWords({ source, locked, variable }: ISetting, __: (text: string, ...values: string[]) => string): string {
  if (locked) {
    return __('Fixed by the administrator.');
  }
  return source === 'environment' ? __('Set by %1.', variable) : '';
}
