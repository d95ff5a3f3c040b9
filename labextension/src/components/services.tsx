// The services that every component of the panel may use, and the names of its pages.

import * as React from 'react';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { SessionReply } from '../api/wire';
import type { Suggestions } from '../chat/suggestions';
import type { KernelWatch } from '../notebook/kernelWatch';
import type { StalenessMonitor } from '../notebook/staleness';
import type { AnswerRenderer } from './answerRenderer';
import type { ICodeActions } from './codeBlock';

/** What the panel shows: the conversation, or a page in its place. */
export type PageName = 'conversation' | 'conversations' | 'branches' | 'preview' | 'instructions' | 'settings';

export interface IServices {
  renderer: AnswerRenderer;
  codeActions: ICodeActions;
  suggestions: Suggestions;
  staleness: StalenessMonitor;
  kernelWatch: KernelWatch;
  /** Open the notebook of a session, and the session there. */
  openSession: (session: SessionReply) => Promise<void>;
  /** The files of the server. */
  contents: Contents.IManager;
  translation: TranslationBundle;
}

const Services = React.createContext<IServices | null>(null);

export const ServicesProvider = Services.Provider;

/** The services of the panel around a component. */
export function useServices(): IServices {
  const services = React.useContext(Services);
  if (!services) {
    throw new Error('This component is not inside of a panel.');
  }
  return services;
}
