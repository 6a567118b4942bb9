import { isJson } from '../operator/is-json.js';
import { type Change, changeArguments, changeRecords } from './change-records.js';
import type { Command } from './command.js';
import { withDesk } from './open-desk.js';
import { helpFor, type ReadArguments, readArguments } from './read-arguments.js';
import { UsageError } from './usage-error.js';

const options = {
  value: {
    value: '<JSON>',
    help: 'Equal calls get this value. It is recorded as it is: the option `redact` is not asked.',
  },
  plain: {
    help: 'The operation has no codec: what --value gives is recorded as it is. Needed where its class is not in the configuration.',
  },
  'run-again': { help: 'The next equal call runs, as another attempt.' },
  refuse: { help: 'Equal calls get an OutcomeUnavailableError that says who decided this, when and why.' },
  ...changeArguments,
};

const help = `Usage: retrysafe resolve <key…> (--value <JSON> | --run-again | --refuse) --reason <text> [options]
       retrysafe resolve <operation> --select <JSON> …
       retrysafe resolve --status unknown [--operation <name>] [--older <duration>] …

Decides keys whose outcome is not known. A record is replaced only if it is still the one that was seen; calls that wait for it go on.

Options:
${helpFor(options)}

Examples:
  retrysafe resolve 'PreFundService.placeHold#3f1c…' --value '{"holdId":"H-1"}' --reason INC-7
  retrysafe resolve --status unknown --operation PreFundService.placeHold --older 1h --run-again --reason INC-7 --dry-run

Exit codes: 0 where all were resolved that could be, 1 where some were not or there are none, 2 where nothing was tried.`;

/** `retrysafe resolve <key…>` */
export const resolveCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    const change = changeOf(given);
    if (!given.values.reason?.[0]) throw new UsageError('--reason: expected why, such as --reason INC-7');
    return withDesk(given, (opened) => changeRecords(opened, given, change));
  },
};

function changeOf({ values }: ReadArguments): Change {
  const [json] = values.value ?? [];
  const isAgain = values['run-again'] !== undefined;
  const isRefused = values.refuse !== undefined;
  if ([json !== undefined, isAgain, isRefused].filter(Boolean).length !== 1)
    throw new UsageError('expected one of --value, --run-again and --refuse');
  if (isAgain)
    return {
      resolution: { as: 'run-again' },
      of: ['unknown', 'abandoned', 'unreadable'],
      verb: (records) => `let ${records} run again`,
      done: 'may run again',
    };
  const of = ['unknown', 'abandoned', 'unreadable', 'released'] as const;
  if (isRefused)
    return { resolution: { as: 'refuse' }, of, verb: (records) => `refuse ${records}`, done: 'refused' };
  if (!isJson(json as string))
    throw new UsageError(`--value: expected JSON; a text stands in double quotes: '"done"'`);
  const isPlain = values.plain !== undefined;
  const resolution = { as: 'value', json: json as string, isPlain } as const;
  return { resolution, of, verb: (records) => `answer ${records}`, done: 'answered' };
}
