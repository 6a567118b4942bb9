import type { Desk, Resolution, Resolved } from '../operator/desk.js';
import type { RecordView } from '../record/record-view.js';
import { type ExitCode, exitCodes } from './command.js';
import { confirmed } from './confirm.js';
import { filterArguments, filterOf } from './filter-arguments.js';
import { keyArguments, keyOf } from './key-arguments.js';
import { recordsOf, recordTable } from './ls-command.js';
import { type OpenedDesk, storeArguments } from './open-desk.js';
import type { ArgumentOption, ReadArguments } from './read-arguments.js';
import { shownInLine } from './text.js';
import { UsageError } from './usage-error.js';
import { write, writeJson } from './write.js';

/** More are not changed by one command, so that all that it is about can be kept in mind, and in memory. */
const MOST_RECORDS = 100_000;

/** The options of both commands that change records. */
export const changeArguments = {
  ...storeArguments,
  ...filterArguments,
  ...keyArguments,
  reason: { value: '<text>', help: 'Why, such as a ticket. The record keeps it.' },
  by: { value: '<name>', help: 'Who decides. Default: the user at this host.' },
  token: {
    value: '<token>',
    help: 'Of one key: the version that was seen, as `show` prints it. Default: the one that stands there now.',
  },
  'dry-run': { help: 'Lists the records, and changes nothing.' },
  yes: { help: 'Asks nothing.' },
  json: { help: 'Prints what became of each record as a line of JSON.' },
  help: { help: 'Prints this.' },
} as const satisfies Readonly<Record<string, ArgumentOption>>;

/** What is done to records, and the words for that. */
export interface Change {
  readonly resolution: Pick<Resolution, 'as' | 'json' | 'isPlain'>;
  /** Such as `forget`. */
  readonly verb: string;
  /** Such as `forgotten`. */
  readonly done: string;
}

/**
 * Changes the records that the arguments name: those under keys, or those of a filter. Each is replaced only if it is still the one that was
 * seen.
 */
export async function changeRecords(
  { desk, operations }: OpenedDesk,
  given: ReadArguments,
  { resolution, verb, done }: Change,
): Promise<ExitCode> {
  const { values } = given;
  const seen = await recordsNamed(desk, given, (name) => keyOf(name, given, operations));
  if (seen.length === 0) {
    process.stderr.write('There are no such records.\n');
    return exitCodes.found;
  }
  if (values['dry-run']) {
    if (values.json) for (const view of seen) await writeJson(view);
    else await write(`${recordTable(seen)}\n`);
    process.stderr.write(`Nothing was changed. It would ${verb} ${counted(seen.length)}.\n`);
    return exitCodes.passed;
  }
  const what = `${verb} ${counted(seen.length)}`;
  const isSure = values.yes !== undefined || (seen.length === 1 && given.positionals.length === 1);
  if (!isSure && !(await confirmed(what, seen.length))) {
    process.stderr.write('Nothing was changed.\n');
    return exitCodes.found;
  }
  const [reason] = values.reason ?? [];
  const decided: Resolution = {
    ...resolution,
    by: values.by?.[0] ?? userHere(),
    ...(reason !== undefined && { reason }),
  };
  const [token] = values.token ?? [];
  const versions = token === undefined ? seen : seen.map(({ key }) => ({ key, token }));
  return report(await desk.resolve(versions, decided), done, values.json !== undefined);
}

async function recordsNamed(
  desk: Desk,
  given: ReadArguments,
  keyFor: (name: string) => string,
): Promise<readonly RecordView[]> {
  const query = filterOf(given);
  const isFiltered = Object.keys(query).length > 0;
  if (given.values.token && (isFiltered || given.positionals.length !== 1))
    throw new UsageError('--token: expected one key beside it');
  if (isFiltered === given.positionals.length > 0)
    throw new UsageError(
      isFiltered
        ? 'expected keys or a filter, and not both'
        : 'expected a key, or a filter such as --status unknown --operation PreFundService.placeHold',
    );
  if (isFiltered) return recordsBy(desk, query);
  const views: RecordView[] = [];
  for (const name of given.positionals) {
    const details = await desk.show(keyFor(name));
    if (details) views.push(details.record);
    else process.stderr.write(`There is no record under ${shownInLine(name)}.\n`);
  }
  return views;
}

async function recordsBy(desk: Desk, query: ReturnType<typeof filterOf>): Promise<readonly RecordView[]> {
  // A store may list a record more than once. Its latest version is the one that is there.
  const views = new Map<string, RecordView>();
  for await (const view of recordsOf(desk, query)) {
    views.set(view.key, view);
    if (views.size > MOST_RECORDS)
      throw new UsageError(`there are more than ${MOST_RECORDS} such records; narrow the filter`);
  }
  return [...views.values()];
}

async function report(all: readonly Resolved[], done: string, isJson: boolean): Promise<ExitCode> {
  const changed = all.filter(({ isDone }) => isDone).length;
  for (const one of all) {
    if (isJson) await writeJson(one);
    else if (!one.isDone)
      process.stderr.write(
        `${shownInLine(one.key)}: ${shownInLine(one.error ?? 'there was nothing to change')}\n`,
      );
  }
  if (!isJson) await write(`${counted(changed)} ${done}.\n`);
  return changed === all.length ? exitCodes.passed : exitCodes.found;
}

function counted(count: number): string {
  return count === 1 ? '1 record' : `${count.toLocaleString('en-US')} records`;
}

/** Who decides where nobody says so: the user at this host. */
export function userHere(): string {
  const { hostname, userInfo } = process.getBuiltinModule('node:os');
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A user without a name, as in many containers.
    return `${process.getuid?.() ?? 'operator'}@${hostname()}`;
  }
}
