// One contender in a process of its own, so that none pays for what another left behind: its heap, its hooks, the shapes
// that the compiler has seen. It does what the parent sends it, and reports what that took.
import { clientOf } from './clients.mjs';
import { floor } from './floor.mjs';
import { Holds, holdRequest } from './payload.mjs';
import { profiled } from './profile.mjs';
import { threadTime } from './thread-time.mjs';

const { name, variant = 'plain', firstKey, storage = { kind: 'memory' } } = JSON.parse(process.argv[2]);
const { contender } = await import(`./contenders/${name}.mjs`);
const holds = new Holds();
const { client, sent = () => ({ requests: 0, bytes: 0 }) } = await clientOf(storage);
const call = await contender({ work: holds.place, variant, storage, client });
let keys = firstKey;

const kinds = {
  /** Every call has a key of its own. */
  first: (count) => Array.from({ length: count }, () => holdRequest(keys++)),
  /** Every call repeats one that ran; so many different ones that no two of those made at a time are equal. */
  replay: (count) => {
    const known = Math.min(keys - firstKey, 2_048);
    const again = Array.from({ length: known }, (_, index) => holdRequest(keys - 1 - index));
    return Array.from({ length: count }, (_, index) => again[index % known]);
  },
};

async function work(requests, lanes) {
  if (lanes === 1) {
    for (const request of requests) await call(request);
    return;
  }
  const left = requests[Symbol.iterator]();
  const lane = async () => {
    for (const request of left) await call(request);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const tasks = {
  async batch({ kind, count, lanes = 1, lengthMs = 0 }) {
    const requests = kinds[kind](count);
    holds.lengthMs = lengthMs;
    const before = { runs: holds.runs, ...sent() };
    const cpu = process.cpuUsage();
    const from = process.hrtime.bigint();
    const begun = threadTime();
    await work(requests, lanes);
    const thread = threadTime() - begun;
    const wall = Number(process.hrtime.bigint() - from) / 1e3;
    const { user, system } = process.cpuUsage(cpu);
    const ran = holds.runs - before.runs;
    if (ran !== (kind === 'first' ? count : 0)) throw new Error(`${count} calls (${kind}) ran ${ran} times`);
    const after = sent();
    return {
      thread: thread / count,
      wall: wall / count,
      cpu: (user + system) / count,
      requests: (after.requests - before.requests) / count,
      bytes: (after.bytes - before.bytes) / count,
    };
  },
  floor: async ({ kind, count }) => {
    for (let warmUp = 0; warmUp < 10; warmUp += 1) await floor(kind, count);
    return await floor(kind, count);
  },
  /** Counted as in the specs of what a call costs. */
  cost: async ({ kind, count }) => {
    const { costOf } = await import('../../.build/spec-standard/proofs/cost/measured-cost.js');
    const { promises, timers, bytes } = await costOf({ counts: {} }, call, kinds[kind](count));
    // What begins and ends the measuring is a promise or two in all.
    return { promises: Math.round(promises), timers: Math.round(timers), bytes };
  },
  profile: ({ kind, count, rounds, lanes = 1 }) =>
    profiled(async () => {
      for (let round = 0; round < rounds; round += 1) await work(kinds[kind](count), lanes);
    }, count * rounds),
};

process.on('message', async ({ id, task, ...options }) => {
  try {
    process.send({ id, value: await tasks[task](options) });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
});
process.once('disconnect', () => process.exit());
process.send({ id: 'ready' });
