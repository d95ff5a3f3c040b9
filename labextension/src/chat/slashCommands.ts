// What is typed after a slash, in the sidebar: the same commands as after %agent and in the terminal.

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Conversation } from './conversation';
import { branch, remove, save, takeBack } from './sessionActions';
import type { ICommand, IReport } from '../api/kernels';
import { notebookContext } from '../notebook/notebookContext';
import type { IServices } from '../components/services';
import type { ExportFormat } from '../api/sessions';
import type { PageName } from '../components/agentView';

export interface ISlashContext {
  conversation: Conversation;
  services: IServices;
  onPage: (page: PageName) => void;
}

type Act = (rest: string, context: ISlashContext, translation: TranslationBundle) => unknown;

/** Ask a question, or do what a command says. */
export async function submit(text: string, context: ISlashContext): Promise<void> {
  const { conversation, services } = context;
  const found = /^\/([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(text);
  if (!found) {
    return ask(text, context);
  }
  await services.known.prepare(conversation.notebook, '/');
  const name = found[1].toLowerCase();
  const rest = (found[2] ?? '').trim();
  const command = services.known.commands.find(one => one.name === name);
  if (command?.asks) {
    return ask(rest && command.asks_about ? `${command.asks_about} ${rest}` : command.asks, context);
  }
  const act = ACTS[name];
  if (!act && !command) {
    return ask(text, context); // A path, or anything else that merely begins with a slash.
  }
  if (!act) {
    conversation.say(text, services.translation.__('This command is not for the sidebar; type it after %agent in a cell.'));
    return;
  }
  try {
    await act(rest, context, services.translation);
  } catch (error) {
    conversation.say(text, conversation.words(error));
  }
}

function ask(question: string, { conversation, services }: ISlashContext): Promise<void> {
  const asked = conversation.ask(question);
  services.watch.mark(conversation.notebook);
  return asked;
}

const ACTS: Record<string, Act> = {
  help: (_, { conversation, services }) => conversation.say('/help', commandTable(services.known.commands)),
  history: (_, { onPage }) => onPage('library'),
  sessions: (_, { onPage }) => onPage('library'),
  clear: (_, { conversation }) => remove(conversation),
  undo: (_, { conversation }, translation) => takeBack(conversation, 'undo', translation),
  redo: (_, { conversation }, translation) => takeBack(conversation, 'redo', translation),
  branch: (_, { conversation }, translation) => branch(conversation, translation),
  context: (rest, { conversation, onPage }) => {
    conversation.draft = rest;
    onPage('preview');
  },
  model,
  use,
  export: exportTo,
  replay,
  share,
  vars,
  doctor
};

async function use(id: string, { conversation, onPage }: ISlashContext): Promise<void> {
  if (!id) {
    onPage('library');
    return;
  }
  await conversation.open(await conversation.server.sessions.get(id, conversation.notebookId));
}

async function exportTo(name: string, { conversation }: ISlashContext, translation: TranslationBundle): Promise<void> {
  const format = /\.(md|ipynb|json)$/.exec(name)?.[1] ?? (name ? '' : 'md');
  if (!format) {
    conversation.say(`/export ${name}`, translation.__('Say `/export`, or give a name that ends in .md, .ipynb or .json.'));
    return;
  }
  await save(conversation, format as ExportFormat, name);
}

async function replay(model: string, { conversation }: ISlashContext, translation: TranslationBundle): Promise<void> {
  const { session, server } = conversation;
  if (!session) {
    conversation.say('/replay', translation.__('Nothing has been said in this conversation yet.'));
    return;
  }
  conversation.tell(translation.__('All questions are being asked again…'));
  const { session: made, stopped } = await server.sessions.replay(session.session_id, session.notebook_id, model);
  await conversation.open(made);
  conversation.tell(stopped || translation.__('These are the questions asked again; the old conversation stays as it is.'));
}

async function share(mode: string, { conversation }: ISlashContext, translation: TranslationBundle): Promise<void> {
  const { session, server } = conversation;
  const command = `/share ${mode}`.trim();
  if (!session) {
    conversation.say(command, translation.__('Nothing has been said in this conversation yet.'));
  } else if (mode === 'off') {
    await server.sessions.unshare(session.session_id, session.notebook_id);
    conversation.say(command, translation.__('It is not shared any more.'));
  } else if (mode === '' || mode === 'copy') {
    const { secret } = await server.sessions.share(session.session_id, session.notebook_id, mode || 'read');
    const may = mode ? translation.__('read and copy') : translation.__('read');
    conversation.say(
      command,
      translation.__('Who is signed in to this Jupyter server may now %1 this conversation at', may) +
        ` \`api/agent/shared/${secret}\`. ` +
        translation.__('`/share off` ends that.')
    );
  } else {
    conversation.say(command, translation.__('Say `/share`, `/share copy` or `/share off`.'));
  }
}

async function model(name: string, { conversation, services }: ISlashContext, translation: TranslationBundle): Promise<void> {
  if (name) {
    conversation.choices.model = name;
    conversation.say(`/model ${name}`, translation.__('From now on answers: %1', `\`${plain(name)}\``));
    return;
  }
  const told = await services.models.get();
  const lines = (told?.models ?? []).map(one => `- \`${plain(one.id)}\`${one.default ? ' ✓' : ''}`);
  conversation.say('/model', lines.join('\n') || translation.__('No model is known.'));
}

async function vars(name: string, { conversation, services }: ISlashContext, translation: TranslationBundle): Promise<void> {
  const { notebook } = conversation;
  const command = `/vars ${name}`.trim();
  if (!notebook) {
    conversation.say(command, translation.__('There is no notebook in front.'));
    return;
  }
  await services.watch.read(notebook);
  const all = services.watch.of(notebook)?.variables ?? [];
  if (!name) {
    const rows = all.map(one => `| \`${cell(one.name)}\` | ${cell(one.summary)} |`);
    const head = `| ${translation.__('Variable')} | |\n|---|---|\n`;
    conversation.say(command, rows.length > 0 ? head + rows.join('\n') : translation.__('There are no variables yet.'));
    return;
  }
  const found = await services.watch.inspect(notebook, name.replace(/^@/, ''));
  const text = found ? JSON.stringify(found, null, 2) : '';
  conversation.say(command, text ? `\`\`\`\`json\n${text}\n\`\`\`\`` : translation.__('There is no such variable.'));
}

async function doctor(_: string, { conversation }: ISlashContext, translation: TranslationBundle): Promise<void> {
  const { notebook_id, kernel_id, cells } = notebookContext(conversation.notebook, null);
  const report: IReport = await conversation.server.facts.examine(notebook_id, kernel_id, cells);
  conversation.say('/doctor', report.markdown || translation.__('Nothing is stale.'));
}

function commandTable(commands: readonly ICommand[]): string {
  const rows = commands.map(one => `| \`/${cell(`${one.name} ${one.arguments}`.trim())}\` | ${cell(one.help)} |`);
  return `| | |\n|---|---|\n${rows.join('\n')}`;
}

function cell(text: string): string {
  return text.replace(/[\\|`*_[\]<>$]/g, one => `\\${one}`).replace(/\s+/g, ' ').slice(0, 300);
}

function plain(text: string): string {
  return text.replace(/[`\n]/g, ' ');
}
