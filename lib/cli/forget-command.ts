import { type Change, changeArguments, changeRecords } from './change-records.js';
import type { Command } from './command.js';
import { withDesk } from './open-desk.js';
import { helpFor, readArguments } from './read-arguments.js';

const help = `Usage: retrysafe forget <key…> [options]
       retrysafe forget <operation> --select <JSON> …
       retrysafe forget --operation <name> [--status <status>] [--older <duration>] …

Frees keys, so that the next call with each of them runs, whatever request it is for. The outcome is gone, and the key, who forgot it and why stay for
a day. A record is replaced only if it is still the one that was seen, and while a call is running under the key only with --force.

Options:
${helpFor(changeArguments)}

Examples:
  retrysafe forget PreFundService.placeHold --select '"T-1001"' --reason INC-7
  retrysafe forget --operation PreFundService.placeHold --status completed --older 30d --dry-run

Exit codes: 0 where all were forgotten that could be, 1 where some were not or there are none, 2 where nothing was tried.`;

const change: Change = {
  resolution: { as: 'forgotten' },
  of: ['unknown', 'abandoned', 'completed', 'unreadable'],
  verb: (records) => `forget ${records}`,
  done: 'forgotten',
};

/** `retrysafe forget <key…>` */
export const forgetCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(changeArguments, args);
    return withDesk(given, (opened) => changeRecords(opened, given, change));
  },
};
