// Measures how long the stores take to list their records, and writes that into docs/listing.md. Takes dist/ and the specs' servers as
// they were built last.
//
//   node bench/listing/main.mjs [--records=1000000] [--only=memory,sqlite,postgres,redis,dynamodb] [--no-write]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../../.build/spec-standard/support/report.js';
import { CALLS, indexCost } from './index-cost.mjs';
import { rare } from './states.mjs';
import { stores } from './stores.mjs';

const document = new URL('../../docs/listing.md', import.meta.url);
const begin = '<!-- measured -->';
const end = '<!-- end of what is measured -->';

const { values } = optionsGiven();
const records = Number(values.records);
if (!(Number.isSafeInteger(records) && records >= 1_000))
  refuse(
    `--records is '${values.records}'; expected how many records each store has: a whole number, 1,000 or more`,
  );
const kinds = values.only === '' ? Object.keys(stores) : values.only.split(',');
const wrong = kinds.find((kind) => !(kind in stores));
if (wrong !== undefined) refuse(`--only has '${wrong}'; the stores are ${Object.keys(stores).join(', ')}`);

const rows = [];
for (const kind of kinds) {
  const { name, obstacle, start, fill, most = records } = stores[kind];
  if (obstacle()) {
    console.error(`Not measured: ${name}. ${obstacle()}.`);
    // In CI everything is there.
    if (process.env.CI) process.exitCode = 1;
    continue;
  }
  const { place, stop } = await start();
  try {
    const count = Math.min(records, most);
    await fill(place, count);
    rows.push({ name, count, ...(await listed(kind, place, count)) });
    console.error(`${name}: ${JSON.stringify(rows.at(-1))}`);
  } finally {
    await stop();
  }
}
const costs = {};
for (const kind of ['postgres', 'sqlite'].filter((one) => kinds.includes(one)))
  costs[kind] = await indexCost(kind);

const part = described();
console.log(part);
if (!values['no-write']) write(part);

/** Resolves to what a process that lists has measured. */
async function listed(kind, place, count) {
  const file = fileURLToPath(new URL('list-once.mjs', import.meta.url));
  const options = {
    execArgv: ['--expose-gc', '--max-old-space-size=8192'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  };
  const child = fork(file, [kind, JSON.stringify(place), String(count)], options);
  const [result] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the process that lists ${kind} has ended with ${code}`);
    }),
  ]);
  return result;
}

function described() {
  const heads = [
    'store',
    'records',
    `${rare} unknown`,
    `${rare} abandoned`,
    'a page of 100',
    'all, 1,000 a page',
    'memory',
  ];
  const lines = rows.map(({ name, count, unknown, abandoned, page, all, growth, plans }) => [
    name,
    count.toLocaleString('en'),
    `${time(unknown)}, by ${article(plans.unknown)}`,
    `${time(abandoned)}, by ${article(plans.abandoned)}`,
    time(page),
    time(all),
    `${Math.round(growth / 2 ** 20)} MB`,
  ]);
  const machine = `${process.platform}-${process.arch}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'a processor'}`;
  return `\`npm run bench:listing\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.versions.node}, ${machine}, the servers on the same machine.

${table([heads, ...lines])}

Each record has an outcome of ${225} bytes. *Memory* is how much the process grew at most while it did all of this, with its code and connections. Times of a page, and of what an index
finds, are medians of five.${costTexts()}`;
}

function costTexts() {
  const { postgres, sqlite } = costs;
  const texts = [];
  if (postgres)
    texts.push(
      `PostgreSQL took ${ratio(postgres.map(({ micros }) => micros))} for a claim and a completion, and wrote ${postgres.map(({ walBytes }) => Math.round(walBytes).toLocaleString('en')).join(' and ')} bytes of WAL`,
    );
  if (sqlite)
    texts.push(
      `SQLite, which does not wait for the disk here, took ${ratio(sqlite.map(({ micros }) => micros))}`,
    );
  if (texts.length === 0) return '';
  return `

**With \`indexInProgress\`** abandoned records are found as unknown ones are, and calls cost more. Of ${CALLS.toLocaleString('en')} calls one after another, without and with it: ${texts.join('; ')}.`;
}

function ratio([without, withIndex]) {
  return `${Math.round(without)} and ${Math.round(withIndex)} µs`;
}

function article(by) {
  return by === 'index' ? 'an index' : 'a scan';
}

function time(ms) {
  if (ms >= 10_000) return `${Math.round(ms / 1_000)} s`;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toPrecision(2)} ms`;
}

function write(measured) {
  const text = readFileSync(document, 'utf8');
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before < 0 || after < before) throw new Error('docs/listing.md has no place for what is measured');
  writeFileSync(document, `${text.slice(0, before + begin.length)}\n\n${measured}\n\n${text.slice(after)}`);
}

function optionsGiven() {
  try {
    return parseArgs({
      options: {
        records: { type: 'string', default: '1000000' },
        only: { type: 'string', default: '' },
        'no-write': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
}

function refuse(why) {
  console.error(why);
  process.exit(2);
}
