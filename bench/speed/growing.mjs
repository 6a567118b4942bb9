// Fills an in-memory store in a process of its own, and measures calls at each size.
import { createHash } from 'node:crypto';
import { InMemoryStore, makeIdempotent } from '../../dist/esm/index.js';
import { Holds, holdRequest, ttl } from './payload.mjs';
import { threadTime } from './thread-time.mjs';

const { sizes } = JSON.parse(process.argv[2]);
const batch = 250;
const batches = 24;
const store = new InMemoryStore();
const call = makeIdempotent(new Holds().place, {
  name: 'Growth.placeHold',
  key: 'body.transactionId',
  ttl,
  store,
});
let keys = 0;

async function timed(requests) {
  const from = threadTime();
  for (const request of requests) await call(request);
  return (threadTime() - from) / requests.length;
}

function fresh() {
  return Array.from({ length: batch }, () => holdRequest(keys++));
}

function known() {
  return Array.from({ length: batch }, () => holdRequest(Math.floor(Math.random() * keys)));
}

function heapInUse() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Milliseconds of the longest of these steps. */
function longestOf(first, end, step) {
  // What was measured before leaves no garbage to this.
  globalThis.gc();
  let longest = 0;
  for (let index = first; index < end; index += 1) {
    const begun = performance.now();
    step(index);
    longest = Math.max(longest, performance.now() - begun);
  }
  return longest;
}

// With a store that is thrown away: a collection of all garbage throws compiled code away, too.
async function warmUp() {
  const elsewhere = makeIdempotent(new Holds().place, {
    name: 'Growth.warmUp',
    key: 'body.transactionId',
    ttl,
    store: new InMemoryStore(),
  });
  for (let id = 0; id < 40_000; id += 1) await elsewhere(holdRequest(id % 20_000));
}

await warmUp();
const empty = heapInUse();
await warmUp();
const steps = [];
for (const size of sizes) {
  // First calls are measured on the way to this size, so that they do not pass it.
  const first = [];
  while (keys < size) {
    const time = await timed(fresh());
    if (keys > size - batch * batches) first.push(time);
  }
  const bytes = (heapInUse() - empty) / size;
  await warmUp();
  const replay = [];
  for (let count = 0; count < batches; count += 1) {
    replay.push(await timed(known()));
  }
  steps.push({ size, first, replay, bytes });
}

function copyOf({ state: { outcome: kept, ...rest }, ...entry }) {
  return { ...entry, state: { ...rest, outcome: { ...kept, json: { ...kept.json } } } };
}

// What no store in memory is without: a record found by its key in a plain Map, and copied. More keys than the caches of the
// processor hold take longer to reach.
function mapReads() {
  const map = new Map();
  const keyOf = (index) => createHash('sha256').update(String(index)).digest('hex');
  return sizes.map((size) => {
    for (let index = map.size; index < size; index += 1) {
      const { key, ...entry } = recordOf(index);
      const json = { ...outcome.json };
      map.set(keyOf(index), { ...entry, state: { ...state, outcome: { ...outcome, json } } });
    }
    return Array.from({ length: batches }, () => {
      const keys = Array.from({ length: batch }, () => keyOf(Math.floor(Math.random() * size)));
      let seen = 0;
      const from = threadTime();
      for (const key of keys) seen += copyOf(map.get(key)).state.outcome.json.amount;
      const taken = (threadTime() - from) / batch;
      // An unused value would not be computed.
      if (seen === 0) throw new Error('nothing was read');
      return taken;
    });
  });
}

// A claim is done when it returns, so none is awaited. Records that are claimed again make the store read all of them.
const [from, to] = sizes.slice(-2);
const now = Date.now();
const outcome = { kind: 'value', json: await new Holds().place(holdRequest(0)) };
const state = { format: 1, status: 'completed', attempt: 1, fencingToken: now, completedAt: now, outcome };
const recordOf = (index) => ({
  key: `longest#${index}`,
  token: `owner-${index}.1`,
  expiresAt: now + 60_000,
  state,
});

function longestClaim() {
  const claimed = new InMemoryStore();
  const claim = (index) => void claimed.claim(recordOf(index % to), now);
  for (let index = 0; index < from; index += 1) claim(index);
  return longestOf(from, to * 2, claim);
}

function longestSet() {
  const map = new Map();
  const set = (index) => {
    const { key, ...entry } = recordOf(index % to);
    map.set(key, { ...entry, state: JSON.stringify(state) });
  };
  for (let index = 0; index < from; index += 1) set(index);
  return longestOf(from, to * 2, set);
}

const reads = mapReads();
process.send({
  steps: steps.map((step, index) => ({ ...step, map: reads[index] })),
  longest: { claim: longestClaim(), map: longestSet() },
});
