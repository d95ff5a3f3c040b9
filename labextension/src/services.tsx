// What every part of the panel may use.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AnswerRenderer } from './answer';
import type { ICodeActions } from './codeblock';
import type { StalenessMonitor } from './staleness';

export interface IServices {
  renderer: AnswerRenderer;
  actions: ICodeActions;
  staleness: StalenessMonitor;
  translation: TranslationBundle;
}

const Services = React.createContext<IServices | null>(null);

export const ServicesProvider = Services.Provider;

/** The services of the panel around a component. */
export function useServices(): IServices {
  const services = React.useContext(Services);
  if (!services) {
    throw new Error('There is no panel around this component.');
  }
  return services;
}
