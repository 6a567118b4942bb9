import type { Command } from './command.js';

/** A command, before it is loaded. */
export interface CommandEntry {
  /** What it does, for the list of commands. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands by their names. Each is loaded when it is asked for, with what it needs. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  'http-conformance': {
    summary: 'Tests an HTTP server against the draft of the Idempotency-Key header.',
    load: async () => (await import('./http-conformance-command.js')).httpConformanceCommand,
  },
};
