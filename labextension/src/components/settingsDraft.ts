// Settings that were changed and not saved yet, and what is wrong with them.

import type { TranslationBundle } from '@jupyterlab/translation';

export interface Draft {
  settings: Record<string, unknown>;
  keys: Record<string, string>;
}

const LEAST_TOKENS = 500;

/** What is to be sent; keys that were not typed stay as they are. */
export function changes({ settings, keys }: Draft): Record<string, unknown> {
  const typed = Object.fromEntries(Object.entries(keys).filter(([, key]) => key));
  return { settings, ...(Object.keys(typed).length > 0 ? { keys: typed } : {}) };
}

/** Why it cannot be saved, in words; empty if it can. */
export function problemOf({ settings }: Draft, translation: TranslationBundle): string {
  const { model, base_url: address, context_tokens: tokens } = settings;
  if (typeof model === 'string' && !/^\S{1,200}$/.test(model)) {
    return translation.__('Name a model as provider:model, without spaces, for example ollama:llama3.');
  }
  if (typeof address === 'string' && address && !/^https?:\/\/\S+$/.test(address)) {
    return translation.__('The address of a model’s server begins with http:// or https://.');
  }
  if (typeof tokens === 'number' && !(Number.isInteger(tokens) && tokens >= LEAST_TOKENS)) {
    return translation.__('A question may use %1 tokens or more.', LEAST_TOKENS);
  }
  return '';
}

/** Names for the user. */
export function settingLabels(translation: TranslationBundle): Record<string, string> {
  return {
    model: translation.__('Model'),
    base_url: translation.__('Address of the model’s server'),
    approval: translation.__('What the agent may do unasked'),
    redact: translation.__('Withhold secrets'),
    context_tokens: translation.__('Tokens for a question')
  };
}
