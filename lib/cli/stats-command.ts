import type { StatusCount } from '../operator/desk.js';
import { type Command, exitCodes } from './command.js';
import { filterArguments, filterOf } from './filter-arguments.js';
import { storeArguments, withDesk } from './open-desk.js';
import { Progress } from './progress.js';
import { helpFor, readArguments } from './read-arguments.js';
import { lengthText, tableOf } from './text.js';
import { UsageError } from './usage-error.js';
import { write, writeJson } from './write.js';

const options = {
  ...storeArguments,
  ...filterArguments,
  json: { help: 'Prints JSON.' },
  help: { help: 'Prints this.' },
};

const help = `Usage: retrysafe stats [options]

Counts records by operation and status, with how long the oldest of each has stood, and the most attempts of a key. Without --status it reads
every record, and says before what that costs.

Options:
${helpFor(options)}

Exit codes: 0 where there are records, 1 where there are none, 2 where the store cannot be asked or an option is wrong.`;

/** `retrysafe stats` */
export const statsCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    if (given.positionals.length > 0) throw new UsageError(`expected no "${given.positionals[0]}"`);
    return withDesk(given, async ({ desk }) => {
      const query = filterOf(given);
      const progress = new Progress(await desk.plan(query));
      progress.begin();
      const counts = await desk
        .stats(query, (examined) => progress.examined(examined))
        .finally(() => progress.end());
      await (given.values.json ? writeJson(counts, 2) : write(`${statsTable(counts)}\n`));
      return counts.length > 0 ? exitCodes.passed : exitCodes.found;
    });
  },
};

function statsTable(counts: readonly StatusCount[]): string {
  const now = Date.now();
  return tableOf(
    ['OPERATION', 'STATUS', 'RECORDS', 'OLDEST', 'MOST ATTEMPTS'],
    counts.map(({ operation, status, count, oldestSince, mostAttempts }) => [
      operation,
      status,
      count.toLocaleString('en-US'),
      oldestSince === undefined ? '' : lengthText(now - oldestSince),
      String(mostAttempts),
    ]),
  );
}
