import { type Command, exitCodes } from './command.js';
import type { Finding } from './doctor/finding.js';
import { partsOf, type StoreParts } from './doctor/parts.js';
import { storeArguments, withDesk } from './open-desk.js';
import { helpFor, readArguments } from './read-arguments.js';
import { shownInLine } from './text.js';
import { UsageError } from './usage-error.js';
import { write, writeJson } from './write.js';

const options = {
  ...storeArguments,
  json: { help: 'Prints JSON.' },
  help: { help: 'Prints this.' },
};

const help = `Usage: retrysafe doctor [options]

Examines the database of a store: table, indexes, expiry, permissions, durability, and how far its clock is from that of this machine. Says what
to do about each finding. It writes nothing.

Options:
${helpFor(options)}

Exit codes: 0 where nothing is wrong, 1 where there is a problem, 2 where the store cannot be examined or an option is wrong.`;

/** `retrysafe doctor` */
export const doctorCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    if (given.positionals.length > 0) throw new UsageError(`expected no "${given.positionals[0]}"`);
    return withDesk(given, async ({ store, name }) => {
      const parts = partsOf(store);
      if (!parts)
        throw new UsageError(
          `the store "${name}" is none of DynamoDB, PostgreSQL, Redis or SQLite, so there is nothing to examine; storeContract() of retrysafe/testing tests it`,
        );
      const findings = await examine(parts);
      await (given.values.json ? writeJson(findings, 2) : write(`${textOf(findings)}\n`));
      return findings.some(({ is }) => is === 'problem') ? exitCodes.found : exitCodes.passed;
    });
  },
};

async function examine(parts: StoreParts): Promise<readonly Finding[]> {
  switch (parts.kind) {
    case 'postgres':
      return (await import('./doctor/postgres-doctor.js')).examinePostgres(parts);
    case 'sqlite':
      return (await import('./doctor/sqlite-doctor.js')).examineSqlite(parts);
    case 'redis':
      return (await import('./doctor/redis-doctor.js')).examineRedis(parts);
    case 'dynamodb':
      return (await import('./doctor/dynamodb-doctor.js')).examineDynamoDB(parts);
  }
}

const signs = { ok: 'ok      ', advice: 'advice  ', problem: 'PROBLEM ' } as const;

function textOf(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  return findings
    .flatMap(({ what, is, found, remedy }) => [
      `${signs[is]} ${what.padEnd(width)}  ${shownInLine(found)}`,
      ...(remedy === undefined ? [] : [`${' '.repeat(signs.ok.length + width + 3)}→ ${shownInLine(remedy)}`]),
    ])
    .join('\n');
}
