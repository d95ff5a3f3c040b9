// What every part of the panel may use.

import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AnswerRenderer } from './answerRenderer';
import type { ICodeActions } from './codeBlock';
import type { KernelWatch } from '../notebook/kernelWatch';
import type { Known } from '../chat/suggestions';
import type { ModelList } from '../api/models';
import type { ISession } from '../api/sessions';
import type { StalenessMonitor } from '../notebook/staleness';

export interface IServices {
  renderer: AnswerRenderer;
  actions: ICodeActions;
  known: Known;
  models: ModelList;
  staleness: StalenessMonitor;
  watch: KernelWatch;
  /** Go to another notebook and its conversation. */
  openElsewhere: (session: ISession) => Promise<void>;
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
