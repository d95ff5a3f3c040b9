// The server's API: one member for each resource.

import type { ServerConnection } from '@jupyterlab/services';
import { AgentClient } from './client';
import { CommandsApi } from './commands';
import { ContextApi } from './context';
import { DoctorApi } from './doctor';
import { InstructionsApi } from './instructions';
import { KernelsApi } from './kernels';
import { ModelsApi } from './models';
import { PermissionsApi } from './permissions';
import { SessionEvents } from './sessionEvents';
import { SessionsApi } from './sessions';
import { SettingsApi } from './settings';
import { TurnsApi } from './turns';

export class AgentApi {
  readonly commands: CommandsApi;
  readonly context: ContextApi;
  readonly doctor: DoctorApi;
  readonly instructions: InstructionsApi;
  readonly kernels: KernelsApi;
  readonly models: ModelsApi;
  readonly permissions: PermissionsApi;
  readonly sessionEvents: SessionEvents;
  readonly sessions: SessionsApi;
  readonly settings: SettingsApi;
  readonly turns: TurnsApi;

  constructor(settings: ServerConnection.ISettings) {
    const client = new AgentClient(settings);
    this.commands = new CommandsApi(client);
    this.context = new ContextApi(client);
    this.doctor = new DoctorApi(client);
    this.instructions = new InstructionsApi(client);
    this.kernels = new KernelsApi(client);
    this.models = new ModelsApi(client);
    this.permissions = new PermissionsApi(client);
    this.sessionEvents = new SessionEvents(client);
    this.sessions = new SessionsApi(client);
    this.settings = new SettingsApi(client);
    this.turns = new TurnsApi(client);
  }
}
