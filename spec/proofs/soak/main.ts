// A mixed load for so long, and whether anything grows by it.
//
//   npm run soak -- [--minutes=2] [--store=memory,redis] [--report=<file>]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { optionsGiven, orEnd, someOf, WrongOption } from '../../support/command-line.js';
import { RedisServer } from '../../support/redis-server.js';
import { report, table } from '../../support/report.js';
import { growing, limits, type Quantity } from './sampling.js';
import type { Order, Result } from './worker.js';

const stores = ['memory', 'redis'] as const;
type StoreName = (typeof stores)[number];

const {
  minutes,
  chosen,
  report: file,
} = orEnd(() => {
  const values = optionsGiven({
    minutes: { type: 'string', default: '2' },
    store: { type: 'string' },
    report: { type: 'string' },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new WrongOption(`--minutes ${values.minutes}: expected a number above 0`);
  return { minutes, chosen: someOf('store', values.store, stores), report: values.report };
});

async function soak(store: StoreName): Promise<Result | undefined> {
  if (store === 'memory') return run({ seconds: minutes * 60 });
  if (!RedisServer.isInstalled) return undefined;
  const server = await RedisServer.start();
  try {
    return await run({ seconds: minutes * 60, url: server.url });
  } finally {
    await server.stop();
  }
}

async function run(order: Order): Promise<Result> {
  const child = fork(new URL('./worker.js', import.meta.url), {
    execArgv: ['--expose-gc', '--enable-source-maps'],
  });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the process that soaks ended with exit code ${code} and without a result`);
  });
  child.send(order);
  const [result] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {});
  return result as Result;
}

const number = (value: number) => value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 3 : 0 });

function rowsOf(store: string, { trends }: Result): string[][] {
  return (Object.keys(limits) as Quantity[]).map((quantity) => {
    const { first, last, slope, from, to } = trends[quantity];
    const range = `${number(slope)} (${number(from)} to ${number(to)})`;
    return [store, quantity, number(first), number(last), range, number(limits[quantity])];
  });
}

const results = await Promise.all(chosen.map(async (store) => ({ store, result: await soak(store) })));
const head = [
  'store',
  'quantity',
  'after the first third',
  'at the end',
  'per call (95 % of pairs)',
  'limit',
];
const rows = results.flatMap(({ store, result }) => (result ? rowsOf(store, result) : []));
const faults = results.flatMap(({ store, result }) =>
  result
    ? growing(result.trends).map((quantity) => `${quantity} grow with the calls on ${store}`)
    : [`${store} was not tried: there is no redis-server on this machine`],
);
const again = `npm run soak -- --minutes=${minutes} --store=${chosen.join()}`;
for (const fault of faults) console.log(`VIOLATION: ${fault}\n  ${again}`);
const done = results.map(
  ({ store, result }) => `${(result?.calls ?? 0).toLocaleString('en')} calls on ${store}`,
);
report(
  'Soak',
  `The load has first calls, replays, calls that join and that wait, failures of each kind, lost and renewed leases, recovery functions and
completions, and a store that cannot be reached at times. It made ${done.join(' and ')} at the same time, in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, one process each.
The quantities were measured after each thirtieth part, when no call was running and all garbage was collected.

${table([head, ...rows])}

${faults.length === 0 ? 'Nothing grows with the calls.' : faults.join('; ')} To repeat: \`${again}\``,
  file,
);
process.exitCode = faults.length > 0 ? 1 : 0;
