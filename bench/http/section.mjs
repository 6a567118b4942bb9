import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from '../../.build/spec-standard/support/report.js';
import { figure, median, spread } from '../speed/figures.mjs';
import { connections, send } from './client.mjs';
import { frameworks } from './servers.mjs';
import { adapterSizes } from './sizes.mjs';

const program = fileURLToPath(new URL('./serve.mjs', import.meta.url));
const installed = join(dirname(program), '../../spec/http/frameworks/node_modules/retrysafe');

/** How many connections keep a server busy. */
const CROWD = 32;

/** How many rounds come before those that count. */
const WARM_UP = 2;

/** The waiting handler, in milliseconds: a call of another service that is near. */
const WAIT_MS = 5;

/** The least share of a bare route's throughput that a guarded one is to keep. */
const least = { 'Express 5': 0.7, 'Express 4': 0.7, 'Fastify 5': 0.5, 'Hono 4': 0.5 };

/** Measures what a guard costs on each framework, beside a bare route and beside other libraries. */
export async function http({ rounds, isSmall, nodes }) {
  if (!existsSync(installed))
    throw new Error('the frameworks are not installed: run `npm run install:frameworks` first');
  const turn = isSmall ? 200 : 2_000;
  const [node] = nodes;
  const rows = [];
  const alone = [];
  const waits = [];
  const goals = [];
  for (const [framework, contenders] of Object.entries(frameworks)) {
    const measured = await measure(framework, Object.keys(contenders), { rounds, turn, node, crowd: CROWD });
    for (const [contender, its] of Object.entries(measured))
      rows.push([framework, contender, ...cells(its, measured.bare)]);
    goals.push(...goalsOf(framework, measured));
    const single = await measure(framework, Object.keys(contenders), { rounds, turn, node, crowd: 1 });
    for (const [contender, its] of Object.entries(single))
      alone.push([framework, contender, ...cells(its, single.bare)]);
    const waiting = await latencies(framework, Object.keys(contenders), { rounds, node });
    for (const [contender, its] of Object.entries(waiting))
      waits.push([framework, contender, figure(median(its), 2), ratio(its, waiting.bare)]);
    if (waiting.retrysafe)
      goals.push({
        text: `${framework}: a request whose handler waits for ${WAIT_MS} ms takes at most 15 % longer`,
        isMet: ratioOf(waiting.retrysafe, waiting.bare) <= 1.15,
        found: figure(ratioOf(waiting.retrysafe, waiting.bare), 2),
      });
  }
  const sizes = await adapterSizes();
  return { goals, faults: [], markdown: markdown(rows, alone, waits, sizes, { rounds, turn, node }) };
}

function goalsOf(framework, measured) {
  const { bare, retrysafe } = measured;
  if (!retrysafe) return [];
  const share = (kind) => 1 / ratioOf(retrysafe[kind], bare.first);
  const goals = [];
  for (const [kind, what] of [
    ['first', 'first calls'],
    ['replay', 'replays'],
  ]) {
    if (least[framework] === undefined) continue;
    goals.push({
      text: `${framework}: ${what} keep at least ${least[framework]} of a bare route's throughput`,
      isMet: share(kind) >= least[framework],
      found: figure(share(kind), 2),
    });
  }
  for (const [peer, its] of Object.entries(measured).filter(
    ([name]) => !['bare', 'retrysafe'].includes(name),
  ))
    for (const kind of ['first', 'replay'])
      goals.push({
        text: `${framework}: ${kind === 'first' ? 'a first call' : 'a replay'} takes no more processor time than with ${peer}`,
        isMet: ratioOf(retrysafe[kind], its[kind]) <= 1,
        found: figure(ratioOf(retrysafe[kind], its[kind]), 2),
      });
  return goals;
}

/** Each contender in turns, each turn with first calls and with replays: microseconds of the server's processor time a request. */
async function measure(framework, contenders, { rounds, turn, node, crowd }) {
  const servers = await Promise.all(
    contenders.map((contender) => startServer(framework, contender, 0, node, crowd)),
  );
  const measured = Object.fromEntries(contenders.map((contender) => [contender, { first: [], replay: [] }]));
  try {
    for (let round = -WARM_UP; round < rounds; round += 1) {
      for (const [index, server] of servers.entries()) {
        const contender = contenders[index];
        const isOurs = contender === 'retrysafe';
        const first = await server.cost(turn, (n) => `k-${round}-${n}`, isOurs ? false : undefined);
        const replay = await server.cost(turn, () => `k-${round}-1`, isOurs ? true : undefined);
        // The first rounds let the compiler do its work.
        if (round < 0) continue;
        measured[contender].first.push(first);
        measured[contender].replay.push(replay);
      }
    }
  } finally {
    for (const server of servers) server.stop();
  }
  return measured;
}

/** One request after another, whose handler waits: milliseconds a request. */
async function latencies(framework, contenders, { rounds, node }) {
  const measured = Object.fromEntries(contenders.map((contender) => [contender, []]));
  const servers = await Promise.all(
    contenders.map((contender) => startServer(framework, contender, WAIT_MS, node, 1)),
  );
  try {
    for (let round = -1; round < rounds; round += 1)
      for (const [index, server] of servers.entries()) {
        const took = await server.latency(100, (n) => `w-${round}-${n}`);
        if (round >= 0) measured[contenders[index]].push(took);
      }
  } finally {
    for (const server of servers) server.stop();
  }
  return measured;
}

async function startServer(framework, contender, waitMs, node, size) {
  const child = fork(program, [framework, contender, String(waitMs)], {
    execPath: node.path,
    execArgv: ['--max-semi-space-size=16', '--min-semi-space-size=16', '--preserve-symlinks'],
  });
  const [{ port }] = await once(child, 'message');
  const crowd = await connections(port, size);
  const cpu = async () => {
    child.send('cpu');
    return (await once(child, 'message'))[0].cpuUs;
  };
  return {
    async cost(count, keyOf, isReplay) {
      const before = await cpu();
      await send(crowd, count, keyOf, isReplay);
      return ((await cpu()) - before) / count;
    },
    async latency(count, keyOf) {
      return (await send(crowd, count, keyOf)) / count;
    },
    stop() {
      for (const one of crowd) one.close();
      child.disconnect();
    },
  };
}

function ratioOf(ours, theirs) {
  return median(ours.map((one, index) => one / theirs[index]));
}

function ratio(ours, theirs) {
  return ours === theirs ? '1' : spread(ours.map((one, index) => one / theirs[index]));
}

function cells({ first, replay }, bare) {
  const share = (its) => spread(its.map((one, index) => bare.first[index] / one));
  return [figure(median(first)), share(first), figure(median(replay)), share(replay)];
}

function markdown(rows, alone, waits, sizes, { rounds, turn, node }) {
  return `One route that takes a payment of 90 bytes and answers with JSON, bare and guarded, on Node.js ${node.version}. Records are in memory. Each server has a process of its own; the client,
which does as little as possible and never sleeps, has another. ${CROWD} connections, ${rounds} rounds of ${figure(turn)} first calls and as many replays, in turns.

Microseconds of the server's processor time a request, and the share of the bare route's throughput that is left where the server is busy: the median, and the quartiles around it.

${table([['framework', 'guard', 'first call, µs', 'share of bare', 'replay, µs', 'share of bare'], ...rows])}

The same with one connection, which sends one request after another, so that each costs the server what waiting for it costs:

${table([['framework', 'guard', 'first call, µs', 'share of bare', 'replay, µs', 'share of bare'], ...alone])}

One request after another, whose handler waits for ${WAIT_MS} ms: milliseconds a request.

${table([['framework', 'guard', 'ms', 'to bare'], ...waits])}

### What an adapter adds

Bundled by esbuild, minified, without its framework; and how long its import takes after that of its framework, which has to be loaded in any case.

${table([['import', 'minified, bytes', 'more than `retrysafe`', 'import after the framework, ms', 'code of other adapters'], ...sizes])}`;
}
