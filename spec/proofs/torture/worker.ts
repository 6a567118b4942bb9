// A process of the torture. It calls its operations until it is told to stop or killed, or calls each key until that ends.
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { recordOf } from 'retrysafe';
import { onStandstill } from '../../support/heartbeat.js';
import { randomFrom } from '../../support/random.js';
import { type OpenStore, openStore, type StoreDescription } from '../../support/store-description.js';
import { businessOf } from './business.js';
import { keyOf, Ledger, ownerOf, type Policy, type StoreName } from './ledger.js';
import { Operations } from './operations.js';

/** What a worker is to do, and on what. */
export interface Order {
  readonly kind: 'load' | 'calm';
  readonly worker: string;
  readonly store: StoreName;
  readonly description: StoreDescription;
  readonly ledger: string;
  readonly seed: number;
  /** When the first key is called. All workers call the same keys at about the same time. */
  readonly startedAt: number;
  readonly mortality: number;
  /** Those to be called once more. */
  readonly keys: readonly string[];
}

const newKeyEvery = 2_000;
/** So many of the newest keys are called, in no order. */
const newest = 4;
/** How long a key may be sent again and again once all faults have ended, in milliseconds. */
const patience = 60_000;

let hasStopped = false;

process.once('message', (order: Order) => void begin(order));
process.on('message', (told) => {
  if (told === 'stop') hasStopped = true;
});
process.once('disconnect', () => process.exit());
process.send?.('ready');

// Work that still runs keeps this process alive, and an unhandled rejection ends it with another exit code.
async function begin(order: Order): Promise<void> {
  const ledger = new Ledger(order.ledger);
  const { worker } = order;
  const endHeartbeat = onStandstill((from, to) => ledger.add({ kind: 'frozen', worker, from, to }));
  const random = randomFrom(order.seed);
  const open = await openStore(order.description);
  const operations = new Operations(order.store, worker, open, ledger, random, order.mortality);
  process.send?.('begun');
  if (order.kind === 'load')
    await Promise.all(operations.policies.map((one) => load(operations, one, order)));
  else await calm(operations, open, order);
  await open.close();
  endHeartbeat();
  ledger.close();
  process.removeAllListeners('disconnect');
  process.disconnect();
}

async function load(operations: Operations, policy: Policy, { store, startedAt }: Order): Promise<void> {
  const { random } = operations;
  do {
    const newestIndex = Math.floor((Date.now() - startedAt) / newKeyEvery);
    const key = keyOf(store, policy, Math.max(0, newestIndex - Math.floor(random() * newest)));
    const calls = random() < 0.2 ? 2 : 1;
    await Promise.all(Array.from({ length: calls }, () => operations.call(key)));
    await pause(200 + random() * 800);
  } while (!hasStopped);
}

/** Calls every key until it ends, and then records what the store has. */
async function calm(operations: Operations, open: OpenStore, { keys }: Order): Promise<void> {
  const left = keys[Symbol.iterator]();
  const callAll = async () => {
    for (const key of left) await callUntilItEnds(operations, key);
  };
  await Promise.all(Array.from({ length: 8 }, callAll));
  for (const key of keys) await noteRecord(operations, open, key);
  const effects = (await businessOf(open)?.effects()) ?? [];
  for (const effect of effects) operations.ledger.add({ kind: 'effect', ...effect, inTable: true });
}

async function callUntilItEnds(operations: Operations, key: string): Promise<void> {
  for (const deadline = performance.now() + patience; performance.now() < deadline; await pause(200)) {
    const code = await operations.call(key);
    if (code === undefined) return;
    if (ownerOf(key).policy === 'refuse' && code === 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN') return;
  }
}

async function noteRecord(operations: Operations, { store }: OpenStore, key: string): Promise<void> {
  const view = await recordOf(operations.of(key), key).inspect();
  if (!view) return;
  const record = await store.find(view.key, { consistent: true });
  const outcome = record?.state.status === 'completed' ? record.state.outcome : undefined;
  const run = outcome && 'json' in outcome ? (outcome.json as { readonly run: string }).run : undefined;
  const { status, attempt, fencingToken: token, expiresAt } = view;
  const version = record?.token;
  operations.ledger.add({ kind: 'record', key, status, run, attempt, token, expiresAt, version });
}
