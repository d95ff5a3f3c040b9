// Slash commands in the sidebar: the same as after %agent and in the terminal.

import type { TranslationBundle } from '@jupyterlab/translation';
import type { ExportFormat } from '../api/sessions';
import type { SlashCommand } from '../api/wire';
import type { KernelWatch } from '../notebook/kernelWatch';
import { notebookContext } from '../notebook/notebookContext';
import type { Conversation } from './conversation';
import type { IPicture } from './pictures';
import { branch, confirmDeletion, exportSession, redo, remove, undo } from './sessionActions';
import type { Suggestions } from './suggestions';

export interface ICommandContext {
  conversation: Conversation;
  services: { suggestions: Suggestions; kernelWatch: KernelWatch; translation: TranslationBundle };
  /** Show a page of the panel in place of the conversation. */
  openPage: (page: 'conversations' | 'preview' | 'instructions') => void;
  /** That go with a question. */
  pictures?: readonly IPicture[];
}

type Handler = (argument: string, context: ICommandContext, translation: TranslationBundle) => unknown;

/** Ask a question, or run a command. */
export async function submit(text: string, context: ICommandContext): Promise<void> {
  const { conversation, services } = context;
  const match = /^\/([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(text);
  if (!match) {
    return ask(text, context);
  }
  await services.suggestions.prepare(conversation.notebook, '/');
  const name = match[1].toLowerCase();
  const argument = (match[2] ?? '').trim();
  const command = services.suggestions.commands.find(candidate => candidate.name === name);
  if (command?.asks) {
    return ask(argument && command.asks_about ? `${command.asks_about} ${argument}` : command.asks, context);
  }
  const handler = HANDLERS[name];
  if (!handler && !command) {
    return ask(text, context); // A path, or anything else that merely begins with a slash.
  }
  if (!handler) {
    conversation.addOutput(
      text,
      services.translation.__('This command is not available in the sidebar; type it after %agent in a cell.')
    );
    return;
  }
  try {
    await handler(argument, context, services.translation);
  } catch (error) {
    conversation.addOutput(text, conversation.errorMessage(error));
  }
}

function ask(question: string, { conversation, services, pictures }: ICommandContext): Promise<void> {
  const turn = conversation.ask(question, pictures);
  services.kernelWatch.setBaseline(conversation.notebook);
  return turn;
}

const HANDLERS: Record<string, Handler> = {
  help: (_, { conversation, services }) => conversation.addOutput('/help', commandTable(services.suggestions.commands)),
  history: (_, { openPage }) => openPage('conversations'),
  sessions: (_, { openPage }) => openPage('conversations'),
  clear: (_, { conversation }) => conversation.startNew(),
  delete: async (_, { conversation }, translation) => {
    const { session } = conversation;
    if (!session) {
      conversation.addOutput('/delete', translation.__('This conversation is empty.'));
    } else if (await confirmDeletion(translation)) {
      await remove(conversation, session, translation);
    }
  },
  restore: async (id, { conversation }, translation) => {
    const deleted = id || conversation.deletedId;
    if (!deleted) {
      conversation.addOutput('/changes', translation.__('Say which conversation: `/restore ID`.'));
      return;
    }
    await conversation.open(await conversation.api.sessions.restore(deleted));
    conversation.notify(translation.__('The conversation was restored.'));
  },
  undo: (_, { conversation }, translation) => undo(conversation, translation),
  redo: (_, { conversation }, translation) => redo(conversation, translation),
  branch: (_, { conversation }, translation) => branch(conversation, translation),
  context: (question, { conversation, openPage }) => {
    conversation.draft = question;
    openPage('preview');
  },
  instructions: (_, { openPage }) => openPage('instructions'),
  use: async (id, { conversation, openPage }) => {
    if (id) {
      await conversation.open(await conversation.api.sessions.get(id, conversation.notebookId));
    } else {
      openPage('conversations');
    }
  },
  model,
  export: exportTo,
  replay,
  share,
  vars,
  doctor
};

async function exportTo(name: string, { conversation }: ICommandContext, translation: TranslationBundle): Promise<void> {
  const format = /\.(md|ipynb|json)$/.exec(name)?.[1] ?? (name ? '' : 'md');
  if (format) {
    await exportSession(conversation, format as ExportFormat, name);
  } else {
    conversation.addOutput(
      `/export ${name}`,
      translation.__('Type `/export`, or give a file name that ends in .md, .ipynb or .json.')
    );
  }
}

async function replay(model: string, { conversation }: ICommandContext, translation: TranslationBundle): Promise<void> {
  const { session, api } = conversation;
  if (!session) {
    conversation.addOutput('/replay', translation.__('This conversation is empty.'));
    return;
  }
  conversation.notify(translation.__('All questions are being asked again…'));
  const { session: copy, stopped } = await api.sessions.replay(session.session_id, session.notebook_id, model);
  await conversation.open(copy);
  conversation.notify(
    stopped || translation.__('The questions were asked again in this new conversation; the original is not changed.')
  );
}

async function share(mode: string, { conversation }: ICommandContext, translation: TranslationBundle): Promise<void> {
  const { session, api } = conversation;
  const command = `/share ${mode}`.trim();
  if (!session) {
    conversation.addOutput(command, translation.__('This conversation is empty.'));
  } else if (mode === 'off') {
    await api.sessions.unshare(session.session_id, session.notebook_id);
    conversation.addOutput(command, translation.__('The conversation is not shared any more.'));
  } else if (mode === '' || mode === 'copy') {
    const { secret } = await api.sessions.share(session.session_id, session.notebook_id, mode || 'read');
    const access = mode ? translation.__('read and copy') : translation.__('read');
    conversation.addOutput(
      command,
      translation.__('Users who are signed in to this Jupyter server can now %1 this conversation at', access) +
        ` \`api/agent/shared/${secret}\`. ` +
        translation.__('`/share off` stops sharing.')
    );
  } else {
    conversation.addOutput(command, translation.__('Type `/share`, `/share copy` or `/share off`.'));
  }
}

async function model(name: string, { conversation }: ICommandContext, translation: TranslationBundle): Promise<void> {
  if (name) {
    conversation.choices.model = name;
    conversation.addOutput(`/model ${name}`, translation.__('Questions are now answered by %1.', inlineCode(name)));
    return;
  }
  const models = (await conversation.api.models.list())?.models ?? [];
  const lines = models.map(({ id, default: isDefault, missing_key: key }) => {
    const note = key ? translation.__('(needs the key %1)', inlineCode(key)) : isDefault ? '✓' : '';
    return `- ${inlineCode(id)} ${note}`.trimEnd();
  });
  conversation.addOutput('/model', lines.join('\n') || translation.__('No models are known.'));
}

async function vars(name: string, { conversation, services }: ICommandContext, translation: TranslationBundle): Promise<void> {
  const { notebook } = conversation;
  const command = `/vars ${name}`.trim();
  if (!notebook) {
    conversation.addOutput(command, translation.__('No notebook is open.'));
    return;
  }
  await services.kernelWatch.read(notebook);
  if (name) {
    const variable = await services.kernelWatch.inspect(notebook, name.replace(/^@/, ''));
    const block = variable ? `\`\`\`\`json\n${JSON.stringify(variable, null, 2)}\n\`\`\`\`` : '';
    conversation.addOutput(command, block || translation.__('There is no such variable.'));
    return;
  }
  const variables = services.kernelWatch.get(notebook)?.variables ?? [];
  const rows = variables.map(variable => `| \`${tableCell(variable.name)}\` | ${tableCell(variable.summary)} |`);
  const head = `| ${translation.__('Variable')} | |\n|---|---|\n`;
  conversation.addOutput(command, rows.length > 0 ? head + rows.join('\n') : translation.__('There are no variables yet.'));
}

async function doctor(_: string, { conversation }: ICommandContext, translation: TranslationBundle): Promise<void> {
  const { notebook_id, kernel_id, cells } = notebookContext(conversation.notebook, null);
  const report = await conversation.api.doctor.check(notebook_id, kernel_id, cells);
  conversation.addOutput('/doctor', report.markdown || translation.__('No cells are stale.'));
}

function commandTable(commands: readonly SlashCommand[]): string {
  const rows = commands.map(
    command => `| \`/${tableCell(`${command.name} ${command.arguments}`.trim())}\` | ${tableCell(command.help)} |`
  );
  return `| | |\n|---|---|\n${rows.join('\n')}`;
}

/** Text for a cell of a Markdown table. */
function tableCell(text: string): string {
  return text.replace(/[\\|`*_[\]<>$]/g, '\\$&').replace(/\s+/g, ' ').slice(0, 300);
}

function inlineCode(text: string): string {
  return `\`${text.replace(/[`\n]/g, ' ')}\``;
}
