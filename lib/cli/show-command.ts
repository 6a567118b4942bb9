import type { LifeEvent, RecordDetails } from '../operator/desk.js';
import { wordsOf } from '../operator/life.js';
import { LATEST_INSTANT } from '../record/instants.js';
import { operationOf } from '../record/key-parts.js';
import { type Command, exitCodes } from './command.js';
import { keyArguments, keyOf, otherNames } from './key-arguments.js';
import { storeArguments, withDesk } from './open-desk.js';
import { helpFor, readArguments } from './read-arguments.js';
import { instantText, lengthText, shown, shownInLine, tableOf } from './text.js';
import { UsageError } from './usage-error.js';
import { write, writeJson } from './write.js';

const options = {
  ...storeArguments,
  ...keyArguments,
  reveal: { help: 'Shows the outcome. It may have personal data.' },
  json: { help: 'Prints JSON.' },
  help: { help: 'Prints this.' },
};

const help = `Usage: retrysafe show <key> [options]
       retrysafe show <operation> --select <JSON> [--scope <JSON>] [options]

Shows the record under a key: its status, who wrote it and why, and what became of the key before.

Options:
${helpFor(options)}

Examples:
  retrysafe show 'PreFundService.placeHold#3f1c…'
  retrysafe show PreFundService.placeHold --select '"T-1001"'

Exit codes: 0 where there is a record, 1 where there is none, 2 where the store cannot be asked or an option is wrong.`;

/** `retrysafe show <key>` */
export const showCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    const [name, ...others] = given.positionals;
    if (name === undefined || others.length > 0)
      throw new UsageError(`expected one key or operation, got ${given.positionals.length}`);
    return withDesk(given, async ({ desk, operations }) => {
      const key = keyOf(name, given, operations);
      const details = await desk.show(key, { reveal: given.values.reveal !== undefined });
      if (!details) {
        process.stderr.write(
          `There is no record under ${shownInLine(key)}: no call has used the key, or it has expired${otherNames(operationOf(key), operations)}.\n`,
        );
        return exitCodes.found;
      }
      await (given.values.json ? writeJson(details, 2) : write(`${detailsText(details)}\n`));
      return exitCodes.passed;
    });
  },
};

function detailsText({ record, life, outcome }: RecordDetails): string {
  const { key, operation, status, attempt, since, by, why, fingerprint, traceparent, expiresAt } = record;
  const now = Date.now();
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['key', key],
    ['operation', operation],
    [
      'status',
      since === undefined ? status : `${status} for ${lengthText(now - since)}, since ${instantText(since)}`,
    ],
    ['attempt', String(attempt)],
    ['token', record.token],
    ['by', by],
    ['why', why && wordsOf(why)],
    ['trace', traceparent],
    ['fingerprint', fingerprint],
    ['expires', expiresAt >= LATEST_INSTANT ? 'when it is resolved' : instantText(expiresAt)],
    ['outcome', outcome && outcomeText(outcome)],
  ];
  const lines = facts.flatMap(([name, text]) =>
    text === undefined ? [] : [`${name.padEnd(12)}${shownInLine(text)}`],
  );
  const revealed = outcome?.text === undefined ? [] : ['', shown(outcome.text)];
  return [...lines, ...revealed, '', lifeTable(life)].join('\n');
}

function outcomeText({ kind, text, reason }: NonNullable<RecordDetails['outcome']>): string {
  const what = kind === 'none' ? 'none' : kind === 'error' ? 'an error' : 'a value';
  if (reason !== undefined) return `${what}: ${reason}`;
  return text === undefined ? `${what}, hidden; --reveal shows it` : `${what}:`;
}

function lifeTable(life: readonly LifeEvent[]): string {
  return tableOf(
    ['WHEN', 'WHAT', 'ATTEMPT', 'BY', 'WHY', 'TRACE'],
    life.map(({ at, what, attempt, by = '', why = '', traceparent = '' }) => [
      at === undefined ? '' : instantText(at),
      what,
      what === 'expires' ? '' : String(attempt),
      by,
      why,
      traceparent.split('-')[1] ?? '',
    ]),
  );
}
