// The settings of the server that a user may change: the model, its keys, the approval mode.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon } from '@jupyterlab/ui-components';
import type { KeyInfo, ModelsReply, SettingInfo, SettingsReply } from '../api/wire';
import type { Conversation } from '../chat/conversation';
import { IconButton } from './iconButton';
import { useServices } from './services';
import { ConnectHelp } from './welcome';

const MIN_TOKENS = 500;

interface IProps {
  conversation: Conversation;
  onClose: () => void;
}

/** Settings and keys that were changed and are not saved yet; a key that is null is to be deleted. */
interface IDraft {
  settings: Record<string, unknown>;
  keys: Record<string, string | null>;
}

export function Settings({ conversation, onClose }: IProps): JSX.Element {
  const { translation } = useServices();
  const { models, settings: settingsApi } = conversation.api;
  const [saved, setSaved] = React.useState<SettingsReply | null>(null);
  const [draft, setDraft] = React.useState<IDraft>({ settings: {}, keys: {} });
  const [problem, setProblem] = React.useState('');
  const [found, setFound] = React.useState<ModelsReply | null>(models.cached);
  React.useEffect(() => {
    settingsApi.get().then(setSaved, error => setProblem(conversation.errorMessage(error)));
    void models.list().then(setFound);
  }, [settingsApi, models, conversation]);
  const save = async () => {
    try {
      await settingsApi.update(changes(draft));
      void models.refresh();
      conversation.notify(translation.__('The settings are saved.'));
      onClose();
    } catch (error) {
      setProblem(conversation.errorMessage(error));
    }
  };
  const search = async () => {
    try {
      setFound(await models.probe());
      setProblem('');
    } catch (error) {
      setProblem(conversation.errorMessage(error));
    }
  };
  const invalid = validationMessage(draft, translation);
  const set = (name: string, value: unknown) => setDraft({ ...draft, settings: { ...draft.settings, [name]: value } });
  return (
    <form
      className="jp-agent-page jp-agent-settings"
      onSubmit={event => {
        event.preventDefault();
        if (!invalid) {
          void save();
        }
      }}
    >
      {saved && <Sentences className="jp-agent-problem" sentences={saved.problems} />}
      {saved &&
        Object.entries(saved.settings).map(([name, setting]) => (
          <Field
            key={name}
            name={name}
            setting={setting}
            value={name in draft.settings ? draft.settings[name] : setting.value}
            options={['model', 'small_model'].includes(name) ? modelNames(found) : []}
            onChange={value => set(name, value)}
          />
        ))}
      {saved && (
        <button type="button" className="jp-agent-button jp-agent-search-models" onClick={() => void search()}>
          {translation.__('Look for models on this machine')}
        </button>
      )}
      {found?.found && found.found.length === 0 && (
        <p className="jp-agent-note" role="status">
          {translation.__('No model server is running on this machine.')}
        </p>
      )}
      {saved && <Sentences className="" sentences={saved.restrictions} />}
      {saved && <Keys saved={saved} draft={draft} onChange={keys => setDraft({ ...draft, keys })} />}
      {(invalid || problem) && (
        <p className="jp-agent-note jp-agent-problem" role="alert">
          {invalid || problem}
        </p>
      )}
      <div className="jp-agent-buttons">
        <button type="submit" className="jp-agent-button jp-agent-primary" disabled={invalid !== '' || !saved}>
          {translation.__('Save')}
        </button>
        <button type="button" className="jp-agent-button" onClick={onClose}>
          {translation.__('Cancel')}
        </button>
      </div>
      <ConnectHelp />
    </form>
  );
}

/** What the administrator has set, or what is wrong, one sentence a line. */
function Sentences({ sentences, className }: { sentences: readonly string[]; className: string }): JSX.Element | null {
  if (sentences.length === 0) {
    return null;
  }
  return (
    <ul className={`jp-agent-note ${className}`}>
      {sentences.map(sentence => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

interface IFieldProps {
  name: string;
  setting: SettingInfo;
  value: unknown;
  options: readonly string[];
  onChange: (value: unknown) => void;
}

function Field({ name, setting, value, options, onChange }: IFieldProps): JSX.Element {
  const { translation } = useServices();
  const id = React.useId();
  const help = `${id}-help`;
  const common = { id, disabled: setting.locked, 'aria-describedby': help };
  const label = labels(translation)[name] ?? name.replace(/_/g, ' ');
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
    // A number that is not set follows something else, such as the model's window.
    const isNumber = typeof setting.value === 'number' || setting.value === null;
    input = (
      <input
        {...common}
        type={isNumber ? 'number' : 'text'}
        list={options.length > 0 ? `${id}-list` : undefined}
        value={String(value ?? '')}
        onChange={event => {
          const text = event.target.value.trim();
          onChange(isNumber ? (text === '' ? null : Number(text)) : text);
        }}
      />
    );
  }
  return (
    <div className="jp-agent-field">
      <label htmlFor={id}>{label}</label>
      {input}
      {options.length > 0 && (
        <datalist id={`${id}-list`}>
          {options.map(option => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
      <p id={help} className="jp-agent-note">
        {setting.help} {sourceMessage(setting, translation.__.bind(translation))}
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
  saved: SettingsReply;
  draft: IDraft;
  onChange: (keys: IDraft['keys']) => void;
}

function Keys({ saved, draft, onChange }: IKeysProps): JSX.Element {
  const { translation } = useServices();
  const title = React.useId();
  const placeholder = (provider: string, key: KeyInfo) => {
    if (draft.keys[provider] === null) {
      return translation.__('Deleted when you save');
    }
    return key.set ? translation.__('set (%1)', keyPlaces(translation)[key.source] ?? key.variable) : key.variable;
  };
  return (
    <details className="jp-agent-keys">
      <summary id={title}>{translation.__('Keys of model providers')}</summary>
      {Object.entries(saved.keys).map(([provider, key]) => (
        <div key={provider} className="jp-agent-key">
          <label>
            <span>{provider}</span>
            <input
              type="password"
              autoComplete="off"
              disabled={key.locked}
              title={key.base_url && translation.__('Only sent to %1', key.base_url)}
              placeholder={placeholder(provider, key)}
              value={draft.keys[provider] ?? ''}
              onChange={event => onChange({ ...draft.keys, [provider]: event.target.value.trim() })}
            />
          </label>
          {['keyring', 'file'].includes(key.source) && !key.locked && draft.keys[provider] !== null && (
            <IconButton
              icon={deleteIcon}
              label={translation.__('Delete the key of %1', provider)}
              onClick={() => onChange({ ...draft.keys, [provider]: null })}
            />
          )}
        </div>
      ))}
      <p className="jp-agent-note">
        {translation.__('Keys are kept on the server, never shown again, and sent only to the address that they were set for.')}
      </p>
    </details>
  );
}

/** Where a key lies, by its source. */
function keyPlaces(translation: TranslationBundle): Record<string, string> {
  return {
    environment: translation.__('in the environment'),
    keyring: translation.__('in the keyring'),
    file: translation.__('in a file that only you can read')
  };
}

function modelNames(found: ModelsReply | null): readonly string[] {
  const local = (found?.found ?? []).flatMap(server => server.models);
  return Array.from(new Set([...(found?.models ?? []).map(model => model.id), ...local]));
}

function sourceMessage(setting: SettingInfo, __: (text: string, ...values: string[]) => string): string {
  const { source, reason, variable } = setting;
  if (reason) {
    return __('This setting is %1.', reason);
  }
  return source === 'environment' ? __('Set by %1.', variable) : '';
}

/** The request body; keys that were not typed stay as they are. */
function changes({ settings, keys }: IDraft): Record<string, unknown> {
  const typed = Object.fromEntries(Object.entries(keys).filter(([, key]) => key !== ''));
  return { settings, ...(Object.keys(typed).length > 0 ? { keys: typed } : {}) };
}

/** Why a draft cannot be saved; empty if it can. */
function validationMessage({ settings }: IDraft, translation: TranslationBundle): string {
  const { model, small_model: small, base_url: address, context_tokens: tokens } = settings;
  const isName = (text: unknown) => typeof text !== 'string' || /^\S(.{0,498}\S)?$/.test(text);
  if (!isName(model) || !isName(small || null)) {
    return translation.__('A model is named provider:model, for example ollama:llama3.');
  }
  if (typeof address === 'string' && address && !/^https?:\/\/\S+$/.test(address)) {
    return translation.__('The address of a model server begins with http:// or https://.');
  }
  if (typeof tokens === 'number' && !(Number.isInteger(tokens) && tokens >= MIN_TOKENS)) {
    return translation.__('A question needs at least %1 tokens.', MIN_TOKENS);
  }
  return '';
}

function labels(translation: TranslationBundle): Record<string, string> {
  return {
    model: translation.__('Model'),
    small_model: translation.__('Model for completions and titles'),
    base_url: translation.__('Address of the model’s server'),
    approval: translation.__('What the agent may do without asking'),
    redact: translation.__('Withhold secrets'),
    context_tokens: translation.__('Tokens for a question')
  };
}
