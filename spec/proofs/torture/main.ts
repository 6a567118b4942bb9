// Workers on real stores are killed and stopped, servers are killed, answers are lost and delayed; what callers got and what
// happened in the world outside is judged afterwards.
//
//   npm run torture -- [--seconds 120] [--store dynamodb,redis,postgres,sqlite] [--seed N] [--report FILE]
//   npm run torture -- --judge FILE     judges the ledger that a failed run has kept
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orEnd } from '../../support/command-line.js';
import { report } from '../../support/report.js';
import {
  obstacleToValidation,
  rejectionReport,
  TraceSample,
  type Validated,
  validationReport,
} from '../specification/trace-sample.js';
import { History } from './history.js';
import { judge, type Verdict } from './judge.js';
import { Ledger, type Line, readLedger, type StoreName } from './ledger.js';
import { type Options, optionsOf } from './options.js';
import { kinds } from './places.js';
import { protocolTraces } from './protocol-traces.js';
import { summaryOf } from './summary.js';
import { Torture } from './torture.js';

const title = 'Torture of real processes on real stores';
const printedViolations = 5;

const obstacleToTraces = obstacleToValidation();
if (obstacleToTraces !== undefined)
  console.error(`NOT VALIDATED against the specification: ${obstacleToTraces}`);

process.exitCode = await main();

async function main(): Promise<number> {
  const options = orEnd(() => optionsOf(process.argv.slice(2)));
  return options.judge === undefined ? torture(options) : judgeAgain(options.judge, options.report);
}

async function torture({ seconds, stores, isNamed, seed, report: file }: Options): Promise<number> {
  const obstacles = stores.flatMap((store) => {
    const obstacle = kinds[store].obstacle();
    return obstacle === undefined ? [] : [{ store, obstacle }];
  });
  for (const { store, obstacle } of obstacles) console.error(`NOT RUN: ${store}: ${obstacle}`);
  const able = stores.filter((store) => !obstacles.some((one) => one.store === store));
  const isMissing = obstacles.length > 0 && (isNamed || process.env.CI !== undefined || able.length === 0);
  if (able.length === 0) return 1;

  const folder = mkdtempSync(join(tmpdir(), 'retrysafe-torture-'));
  const ledger = new Ledger(join(folder, 'ledger'));
  const running = new Torture(able, seconds, seed, ledger);
  process.once('exit', () => running.kill());
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => void abandon(running, folder, code));
  }
  let isKept = true;
  try {
    await running.run();
    const lines = ledger.read();
    const verdict = judge(lines);
    const validated = validatedTraces(lines);
    isKept = verdict.violations.length + validated.rejected.length > 0;
    const repeat = `npm run torture -- --judge ${ledger.path}`;
    return tell(verdict, running.about, { repeat, file, obstacles, validated }) && !isMissing ? 0 : 1;
  } finally {
    await running.stop();
    ledger.close();
    if (isKept) console.error(`The ledger is kept: ${ledger.path}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends everything on an interrupt. Servers and temporary folders go with this process. */
async function abandon(running: Torture, folder: string, code: number): Promise<void> {
  running.kill();
  await running.stop().catch(() => {});
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

function judgeAgain(path: string, file: string | undefined): number {
  let verdict: Verdict;
  let validated: Validated;
  try {
    const lines = readLedger(path);
    verdict = judge(lines);
    validated = validatedTraces(lines);
  } catch (error) {
    console.error(`torture: --judge ${path}: expected a ledger: ${(error as Error).message}`);
    return 2;
  }
  const repeat = `npm run torture -- --judge ${path}`;
  return tell(verdict, {}, { repeat, file, obstacles: [], validated }) ? 0 : 1;
}

/** Asks the specification about each key. */
function validatedTraces(lines: readonly Line[]): Validated {
  const sample = new TraceSample();
  if (obstacleToTraces === undefined) sample.add(protocolTraces(new History(lines)));
  return sample.validated();
}

interface Telling {
  /** What shows the same violations again. */
  readonly repeat: string;
  readonly file: string | undefined;
  readonly obstacles: readonly { readonly store: StoreName; readonly obstacle: string }[];
  readonly validated: Validated;
}

/** Says what was found, violations first, and answers whether there are none. */
function tell(
  verdict: Verdict,
  about: Partial<Record<StoreName, string>>,
  { repeat, file, obstacles, validated }: Telling,
): boolean {
  const { rules } = verdict;
  const rejections = validated.rejected.map((one) => rejectionReport(one).replace('VIOLATION: ', ''));
  const violations = [...verdict.violations, ...rejections];
  if (violations.length > 0) {
    for (const violation of violations.slice(0, printedViolations)) console.error(`VIOLATION: ${violation}`);
    if (violations.length > printedViolations)
      console.error(`… and ${violations.length - printedViolations} violations more`);
    console.error(`Seed ${rules.seed}. Judge it again: ${repeat}`);
  }
  const notRun = obstacles.map(({ store, obstacle }) => `**Not run: ${store}**, ${obstacle}.`);
  const validation = validationReport('keys', validated, obstacleToTraces);
  report(title, [...notRun, summaryOf(verdict, about), validation].join('\n\n'), file);
  return violations.length === 0;
}
