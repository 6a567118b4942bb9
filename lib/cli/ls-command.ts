import type { Desk, DeskQuery } from '../operator/desk.js';
import { wordsOf } from '../operator/life.js';
import type { RecordView } from '../record/record-view.js';
import { type Command, exitCodes } from './command.js';
import { filterArguments, filterOf } from './filter-arguments.js';
import { storeArguments, withDesk } from './open-desk.js';
import { Progress } from './progress.js';
import { helpFor, readArguments } from './read-arguments.js';
import { lengthText, tableOf } from './text.js';
import { UsageError } from './usage-error.js';
import { write, writeJson } from './write.js';

const DEFAULT_LIMIT = 100;

const options = {
  ...storeArguments,
  ...filterArguments,
  limit: { value: '<number>', help: `How many records at most. Default: ${DEFAULT_LIMIT}.` },
  all: { help: 'Lists all of them.' },
  json: { help: 'Prints each record as a line of JSON.' },
  help: { help: 'Prints this.' },
};

const help = `Usage: retrysafe ls [options]

Lists records. What costs more than the records that are found is said before it begins.

Options:
${helpFor(options)}

Examples:
  retrysafe ls --store postgres://localhost/payments --status stuck
  retrysafe ls --status unknown --operation PreFundService.placeHold --older 1h

Exit codes: 0 where there are any, 1 where there are none, 2 where the store cannot be asked or an option is wrong.`;

/** `retrysafe ls` */
export const lsCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    if (given.positionals.length > 0)
      throw new UsageError(`expected no "${given.positionals[0]}"; for one key, run 'retrysafe show <key>'`);
    const limit = limitOf(given.values.limit?.[0], given.values.all !== undefined);
    const query = filterOf(given);
    const isJson = given.values.json !== undefined;
    return withDesk(given, async ({ desk }) => {
      const { found, hasMore } = isJson
        ? await printLines(desk, query, limit)
        : await printTable(desk, query, limit);
      if (hasMore) process.stderr.write(`There are more than ${found}; give --limit or --all.\n`);
      return found > 0 ? exitCodes.passed : exitCodes.found;
    });
  },
};

function limitOf(text: string | undefined, isAll: boolean): number {
  if (isAll) return Number.POSITIVE_INFINITY;
  if (text === undefined) return DEFAULT_LIMIT;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError('--limit: expected a whole number, 1 or more');
}

interface Printed {
  readonly found: number;
  readonly hasMore: boolean;
}

async function printLines(desk: Desk, query: DeskQuery, limit: number): Promise<Printed> {
  let found = 0;
  for await (const view of recordsOf(desk, query, limit + 1)) {
    if (found === limit) return { found, hasMore: true };
    found += 1;
    if (!(await writeJson(view))) break;
  }
  return { found, hasMore: false };
}

/** Prints a thousand rows at a time, so that no list is too long. */
async function printTable(desk: Desk, query: DeskQuery, limit: number): Promise<Printed> {
  let views: RecordView[] = [];
  let found = 0;
  const print = async () => {
    const [titles = '', ...rows] = recordTable(views).split('\n');
    const isFirst = found === views.length;
    views = [];
    return write(`${[...(isFirst ? [titles] : []), ...rows].join('\n')}\n`);
  };
  for await (const view of recordsOf(desk, query, limit + 1)) {
    if (found === limit) {
      await print();
      return { found, hasMore: true };
    }
    views.push(view);
    found += 1;
    if (views.length === 1_000 && !(await print())) break;
  }
  if (views.length > 0) await print();
  if (found === 0) process.stderr.write('There are no such records.\n');
  return { found, hasMore: false };
}

/** A table of records. The key comes last, so that it can be copied whole. */
export function recordTable(views: readonly RecordView[]): string {
  const now = Date.now();
  return tableOf(
    ['STATUS', 'FOR', 'ATTEMPT', 'BY', 'WHY', 'KEY'],
    views.map(({ status, since, attempt, by = '', why, key }) => [
      status,
      since === undefined ? '' : lengthText(now - since),
      String(attempt),
      by,
      why ? wordsOf(why) : '',
      key,
    ]),
  );
}

/** Reads the records of a query, a page at a time, and tells how far that is. `most`: no page has more than are wanted. */
export async function* recordsOf(
  desk: Desk,
  query: DeskQuery,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<RecordView> {
  const progress = new Progress(await desk.plan(query));
  progress.begin();
  let cursor: string | undefined;
  let examined = 0;
  try {
    do {
      const page = await desk.list({
        ...query,
        limit: Math.min(1_000, most),
        ...(cursor !== undefined && { cursor }),
      });
      examined += page.examined;
      progress.examined(examined);
      yield* page.records;
      cursor = page.cursor;
    } while (cursor !== undefined);
  } finally {
    progress.end();
  }
}
