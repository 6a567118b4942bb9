import type { Desk, Resolution, Resolved } from '../operator/desk.js';
import type { KnownOperations } from '../operator/known-operations.js';
import { operationOf } from '../record/key-parts.js';
import type { RecordView } from '../record/record-view.js';
import { type ExitCode, exitCodes } from './command.js';
import { confirmed } from './confirm.js';
import { filterArguments, filterOf } from './filter-arguments.js';
import { keyArguments, keyOf, otherNames } from './key-arguments.js';
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
  force: { help: 'Of one key: takes it even from a call that is running. Two runs may overlap then.' },
  'dry-run': { help: 'Lists the records, and changes nothing.' },
  yes: { help: 'Asks nothing.' },
  json: { help: 'Prints what became of each record as a line of JSON.' },
  help: { help: 'Prints this.' },
} as const satisfies Readonly<Record<string, ArgumentOption>>;

/** What is done to records, and the words for that. */
export interface Change {
  readonly resolution: Pick<Resolution, 'as' | 'json' | 'isPlain'>;
  /** The statuses in which there is something to change. */
  readonly of: readonly RecordView['status'][];
  /** Such as `forget 3 records`. */
  readonly verb: (records: string) => string;
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
  { resolution, of, verb, done }: Change,
): Promise<ExitCode> {
  const { values } = given;
  const found = await recordsNamed(desk, given, operations);
  // A record that was named is tried, and what comes of it says why it was left alone.
  const isNamed = given.positionals.length > 0;
  const seen = isNamed ? found : found.filter(({ status }) => of.includes(status));
  if (found.length === 0)
    process.stderr.write(`There are no such records${otherNames(values.operation?.[0], operations)}.\n`);
  if (seen.length < found.length)
    process.stderr.write(`${leftAlone(found.filter((view) => !seen.includes(view)))}\n`);
  if (seen.length === 0) return exitCodes.found;
  if (values['dry-run']) {
    if (values.json) for (const view of seen) await writeJson(view);
    else await write(`${recordTable(seen)}\n`);
    process.stderr.write(`Nothing was changed. It would ${verb(counted(seen.length))}.\n`);
    return exitCodes.passed;
  }
  const what = verb(counted(seen.length));
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
    ...(values.force && { isForced: true }),
  };
  const [token] = values.token ?? [];
  const versions = token === undefined ? seen : seen.map(({ key }) => ({ key, token }));
  return report(await desk.resolve(versions, decided), done, values.json !== undefined);
}

async function recordsNamed(
  desk: Desk,
  given: ReadArguments,
  operations: KnownOperations,
): Promise<readonly RecordView[]> {
  const query = filterOf(given);
  const isFiltered = Object.keys(query).length > 0;
  const ofOne = (['token', 'force', 'select', 'args', 'scope'] as const).find((name) => given.values[name]);
  if (ofOne !== undefined && (isFiltered || given.positionals.length !== 1))
    throw new UsageError(
      `--${ofOne}: expected one key or operation beside it, and no filter; give --dry-run to see which records a filter has`,
    );
  if (isFiltered === given.positionals.length > 0)
    throw new UsageError(
      isFiltered
        ? 'expected keys or a filter, and not both'
        : 'expected a key, or a filter such as --status unknown --operation PreFundService.placeHold',
    );
  if (isFiltered) return recordsBy(desk, query);
  const views: RecordView[] = [];
  for (const name of new Set(given.positionals)) {
    const key = keyOf(name, given, operations);
    const details = await desk.show(key);
    if (details) views.push(details.record);
    else
      process.stderr.write(
        `There is no record under ${shownInLine(key)}${otherNames(operationOf(key), operations)}.\n`,
      );
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

/** Says of records that a filter has in what status they are, in which there is nothing to change. */
function leftAlone(views: readonly RecordView[]): string {
  const counts = new Map<string, number>();
  for (const { status } of views) counts.set(status, (counts.get(status) ?? 0) + 1);
  const parts = [...counts].map(([status, count]) => `${count.toLocaleString('en-US')} ${status}`);
  return `Left alone, since there is nothing to change: ${parts.join(', ')}.`;
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
