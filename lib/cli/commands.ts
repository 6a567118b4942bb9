import type { Command } from './command.js';

/** A command, before it is loaded. */
export interface CommandEntry {
  /** What it does, for the list of commands. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands by their names. Each is loaded when it is asked for, with what it needs. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  ls: {
    summary: 'Lists records: those that are stuck, of an operation, of an age.',
    load: async () => (await import('./ls-command.js')).lsCommand,
  },
  show: {
    summary: 'Shows the record under a key, and what became of the key before.',
    load: async () => (await import('./show-command.js')).showCommand,
  },
  resolve: {
    summary: 'Decides keys whose outcome is not known: a value, another run, or a refusal.',
    load: async () => (await import('./resolve-command.js')).resolveCommand,
  },
  forget: {
    summary: 'Frees keys, so that the next call runs.',
    load: async () => (await import('./forget-command.js')).forgetCommand,
  },
  stats: {
    summary: 'Counts records by operation and status.',
    load: async () => (await import('./stats-command.js')).statsCommand,
  },
  doctor: {
    summary: 'Examines the database of a store, and says what to do.',
    load: async () => (await import('./doctor-command.js')).doctorCommand,
  },
  schema: {
    summary: 'Prints what creates the table of a store: SQL, CloudFormation, CDK or Terraform.',
    load: async () => (await import('./schema-command.js')).schemaCommand,
  },
  ui: {
    summary: "Serves the operator's page to the browsers of this machine.",
    load: async () => (await import('./ui-command.js')).uiCommand,
  },
  'http-conformance': {
    summary: 'Tests an HTTP server against the draft of the Idempotency-Key header.',
    load: async () => (await import('./http-conformance-command.js')).httpConformanceCommand,
  },
};
