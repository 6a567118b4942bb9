import {
  configureIdempotency,
  type IdempotencyEvent,
  type IdempotencyEventName,
  onIdempotencyEvent,
} from 'retrysafe';
import { eventNames } from '../../support/recorded-events.js';
import type { ProtocolTrace } from '../specification/protocol-trace.js';
import { callAtHand } from './call-at-hand.js';
import type { Violation } from './checker.js';
import type { History } from './history.js';
import { type Engine, keyOfId } from './operation.js';
import type { StoreModel } from './store-model.js';
import { World } from './world.js';

/** The time after which nothing should go on, in milliseconds from the last thing that was planned. */
const LONGEST = 600_000;

/** What came of a history. */
export interface Outcome {
  readonly violations: readonly Violation[];
  readonly counts: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
  /** Requests that met more than fair weather. */
  readonly rough: readonly string[];
  readonly protocolTraces: readonly ProtocolTrace[];
  readonly calls: number;
  readonly runs: number;
  readonly steps: number;
  /** The longest that a call took besides its own work, its waiting and its process's freezing, in milliseconds. */
  readonly longestOverhead: number;
}

export interface SimulateOptions {
  readonly engine?: Engine;
  readonly isTraced?: boolean;
  /** Whether the outcome has the traces of its keys, for the specification. */
  readonly isValidated?: boolean;
}

let world: World | undefined;
let keys: ReadonlyMap<string, string> | undefined;
const rejections: unknown[] = [];

/** Lives through a history with the real engine, and checks all rules on the way. */
export async function simulate(
  history: History,
  model: StoreModel,
  { engine, isTraced = false, isValidated = false }: SimulateOptions = {},
): Promise<Outcome> {
  keys ??= new Map(await Promise.all([...'abc'].map(async (id) => [await keyOfId(id), id] as const)));
  listen();
  const here = new World(history, model, engine, isTraced, isValidated);
  for (const [key, id] of keys) {
    here.checker.ids.set(key, id);
    here.checker.keys.set(id, key);
  }
  configureIdempotency({ runtime: () => here.clock.current.name });
  const leave = here.enter();
  world = here;
  try {
    here.plan();
    await live(here);
    const asked = [...new Set(history.calls.map(({ key }) => key))];
    for (const [at, key] of asked.entries()) here.audit(key, history.calls.length + 100 + at);
    if (here.checker.violations.length === 0) await live(here);
  } finally {
    leave();
    configureIdempotency({});
  }
  // Node.js reports unhandled rejections when a turn of the event loop ends.
  await new Promise((resolve) => setImmediate(resolve));
  world = undefined;
  for (const reason of rejections.splice(0))
    here.checker.violated('nothing is left behind', `an unhandled rejection: ${reason}`);
  const { checker, clock, trace, network } = here;
  return {
    violations: checker.violations,
    counts: checker.counts,
    trace: trace.lines,
    rough: network.rough,
    protocolTraces: here.traces?.all ?? [],
    calls: history.calls.length,
    runs: checker.runs.count,
    steps: clock.steps,
    longestOverhead: here.answers.longestOverhead,
  };
}

/** Lets everything happen, to its end. */
async function live(here: World): Promise<void> {
  const { clock, checker, unsettled, history } = here;
  const last = Math.max(...history.calls.map(({ at }) => at), ...history.acts.map(({ at }) => at));
  const end = clock.now + last + LONGEST;
  const isIdle = await clock.run(end, () => {
    checker.runs.check();
    return checker.violations.length === 0;
  });
  if (checker.violations.length > 0) return;
  if (!isIdle)
    checker.violated('nothing is left behind', 'timers or requests go on long after the last call');
  if (here.listening > 0)
    checker.violated('nothing is left behind', `${here.listening} calls listen for notices`);
  for (const { plan } of unsettled)
    checker.violated('every call ends in time', `call ${plan.index} never ended`);
}

/** The name of an event with what sets it apart from others of that name. */
function nameOf(name: IdempotencyEventName, event: IdempotencyEvent): string {
  const { source, from, step, failedOpen, as, reason } = event as IdempotencyEvent & {
    readonly [detail: string]: string | undefined;
  };
  if (failedOpen) return 'ran without a claim';
  const why = name === 'outcome-not-stored' ? reason?.split(':')[0] : undefined;
  const detail = source ?? from ?? step ?? as ?? why;
  return detail === undefined ? name : `${name} (${detail})`;
}

let isListening = false;

/** Once for all simulations of this process: which call an event belongs to is known where it is told. */
function listen(): void {
  if (isListening) return;
  isListening = true;
  for (const name of eventNames) {
    onIdempotencyEvent(name, (event) => {
      if (!world) return;
      world.checker.counted(`event: ${nameOf(name, event)}`);
      // What failed is an object, and for the log of whoever listens.
      for (const detail of Object.values(event)) if (typeof detail === 'string') world.checker.told(detail);
    });
  }
  onIdempotencyEvent('waited', () => {
    const call = callAtHand.getStore();
    if (call) call.hasSeenHolder = true;
  });
  onIdempotencyEvent('replayed', ({ source }) => {
    const call = callAtHand.getStore();
    if (call) call.hasJoined = source === 'joined';
  });
  onIdempotencyEvent('store-failed', ({ failedOpen }) => {
    const call = callAtHand.getStore();
    if (call && failedOpen) call.ranOpen = true;
  });
  onIdempotencyEvent('outcome-not-stored', () => {
    const call = callAtHand.getStore();
    if (call) call.isUnrecorded = true;
  });
  process.on('unhandledRejection', (reason) => {
    if (world) rejections.push(reason);
  });
}
