// Each queue gets messages, some of them twice and some of them poison, while its workers are killed and suspended and its broker is
// killed; what became of each message is judged afterwards.
//
//   npm run torture:queues -- [--only=bullmq,sqs] [--messages=2000] [--seed=N] [--seconds=N] [--write] [--keep]
//   npm run torture:queues -- --judge=FILE     judges the ledger that a failed run has kept
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { orEnd } from '../../support/command-line.js';
import { documentOf, type Row, tableOf } from './document.js';
import { judge, type Verdict } from './judge.js';
import { Ledger, readLedger } from './ledger.js';
import { type Options, optionsOf } from './options.js';
import { descriptionOf, loadQueue, obstacleTo, type QueueName, titles } from './queues.js';
import { Torture } from './torture.js';

const document = fileURLToPath(new URL('../../../../docs/queues-torture.md', import.meta.url));
const printedViolations = 5;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = orEnd(() => optionsOf(process.argv.slice(2)));
  if (options.judge !== undefined) return tell(judge(readLedger(options.judge)), options.judge) ? 0 : 1;
  const rows: Row[] = [];
  let isWell = true;
  for (const name of options.queues) {
    const obstacle = await obstacleTo(name);
    if (obstacle !== undefined) {
      console.error(`NOT RUN: ${name}: ${obstacle}.`);
      if (options.isNamed || process.env.CI !== undefined) isWell = false;
      continue;
    }
    try {
      const { verdict, isSound } = await torture(name, options);
      if (!isSound) isWell = false;
      rows.push({ ...descriptionOf(name), tally: verdict.tally });
    } catch (error) {
      console.error(`${name}: the torture did not come to its end:`, error);
      isWell = false;
    }
  }
  if (rows.length === 0) return 1;
  console.log(`\n${tableOf(rows)}\n`);
  if (options.write) write(rows, options);
  return isWell ? 0 : 1;
}

async function torture(
  name: QueueName,
  { messages, seed, seconds, keep }: Options,
): Promise<{ readonly verdict: Verdict; readonly isSound: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), `retrysafe-torture-${name}-`));
  const ledger = new Ledger(join(folder, 'ledger'));
  const running = new Torture({ name, queue: await loadQueue(name), messages, seed, seconds }, ledger);
  const kill = () => running.kill();
  const abandon = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('exit', kill).once('SIGINT', abandon).once('SIGTERM', abandon);
  let isSound = false;
  try {
    console.error(`${name}: ${messages} messages, seed ${seed}`);
    await running.run();
    const verdict = judge(ledger.read());
    isSound = tell(verdict, ledger.path);
    return { verdict, isSound };
  } finally {
    await running.stop();
    process.off('exit', kill).off('SIGINT', abandon).off('SIGTERM', abandon);
    ledger.close();
    if (isSound && !keep) rmSync(folder, { recursive: true, force: true });
    else console.error(`The ledger is kept: ${ledger.path}`);
  }
}

/** Says what was found, and answers whether there are no violations. */
function tell({ rules, violations, tally }: Verdict, path: string): boolean {
  for (const violation of violations.slice(0, printedViolations)) console.error(`VIOLATION: ${violation}`);
  if (violations.length > printedViolations)
    console.error(`… and ${violations.length - printedViolations} violations more`);
  if (violations.length > 0)
    console.error(`Seed ${rules.seed}. Judge it again: npm run torture:queues -- --judge=${path}`);
  console.log(`${rules.queue}: ${violations.length} violations; ${JSON.stringify(tally)}`);
  return violations.length === 0;
}

function write(rows: readonly Row[], { messages, seed }: Options): void {
  const old = existsSync(document) ? readFileSync(document, 'utf8') : '';
  const day = new Date().toISOString().slice(0, 10);
  const where = `${day}, Node.js ${process.versions.node}, ${process.platform}-${process.arch}, ${availableParallelism()} processors`;
  const command = `npm run torture:queues -- --messages=${messages} --seed=${seed} --write`;
  writeFileSync(document, documentOf(rows, titles, { seed, command, where }, old));
}
