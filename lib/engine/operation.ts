import { IdempotencyError, InProgressError, ReentrantCallError, StoreError } from '../errors.js';
import { identify } from '../key/identity.js';
import type { IdempotentOptions } from '../options/options.js';
import { steadyNow } from '../process/steady-clock.js';
import { invocationEnd } from '../request/events/lambda.js';
import { configuration, resolveSettings, type Settings } from '../settings/settings.js';
import { storeFor } from '../settings/store-option.js';
import { type Acquired, acquire } from './acquire.js';
import { Call } from './call/call.js';
import type { Ending } from './call/ending.js';
import { localOutcome, watchKeeping } from './call/local-outcomes.js';
import { named } from './call/verdict.js';
import { BareExecution } from './execution/bare-execution.js';
import { ClaimedExecution, executions, ongoing, runWithin } from './execution/execution.js';
import { type WatchedCall, watchHere } from './execution/replay-info.js';
import { recover } from './recovery.js';
import { replay } from './replay.js';
import { type Settlement, settle } from './settle.js';
import { joinOrLead, type LocalEnd, LocalRun } from './waiting/local-runs.js';

// biome-ignore lint/suspicious/noExplicitAny: the engine runs methods of every shape
export type Method = (this: any, ...args: any[]) => unknown;

/** What an operation is, whoever calls it. */
export interface OperationFacts {
  /** Throws a `ConfigurationError` where there is no telling. */
  readonly name: (self: unknown) => string;
  readonly method: Method;
  readonly options: IdempotentOptions;
  /** Throws a `ConfigurationError` where they cannot be told, since `self` is no instance of the class. */
  readonly classOptions: (self: unknown) => IdempotentOptions;
}

/** One idempotent method, from its arguments to its outcome. */
export class Operation {
  readonly #settings = new WeakMap<object, { readonly version: number; readonly settings: Settings }>();

  constructor(readonly facts: OperationFacts) {}

  /** Runs the method, or answers with the outcome of the call that did. */
  async perform(self: unknown, args: readonly unknown[]): Promise<unknown> {
    const watch = watchHere();
    const ending = await (watch
      ? watch.over(async (watched) => this.#begin(self, args, watched))
      : this.#begin(self, args));
    if ('error' in ending) throw ending.error;
    return ending.value;
  }

  /**
   * The call that these arguments make, without making it.
   *
   * @throws {KeyError | ConfigurationError}
   */
  prepare(self: unknown, args: readonly unknown[]): Call {
    const settings = this.#settingsFor(self);
    const name = this.facts.name(self);
    const identity = identify(name, settings, self, args);
    const store = storeFor(name, settings, self);
    const inherited = ongoing(executions.getStore())?.endsAt ?? Number.POSITIVE_INFINITY;
    return new Call(
      name,
      settings,
      store,
      identity,
      self,
      args,
      invocationEnd(args, steadyNow()) ?? inherited,
    );
  }

  #begin(self: unknown, args: readonly unknown[], watched?: WatchedCall): Promise<Ending> {
    if (!this.#isEnabled(self)) return this.#runBare(self, args, watched);
    const call = this.prepare(self, args);
    if (watched) watched.call = call;
    return perform(this, call);
  }

  #isEnabled(self: unknown): boolean {
    const disabled = process.env.IDEMPOTENCY_DISABLED;
    return !(disabled && /^(?:true|1)$/i.test(disabled)) && this.#settingsFor(self).enabled;
  }

  #runBare(self: unknown, args: readonly unknown[], watched?: WatchedCall): Promise<Ending> {
    const name = this.facts.name(self);
    const key = () => this.prepare(self, args).key;
    if (watched) watched.bare = { operation: name, key };
    return runWithin(new BareExecution(name, key), () => this.facts.method.apply(self, [...args]));
  }

  #settingsFor(self: unknown): Settings {
    const { name, options, classOptions } = this.facts;
    // All instances of a class have the same.
    const anchor: object =
      typeof self === 'function' ? self : (self != null && Object.getPrototypeOf(self)) || this;
    const version = configuration.version;
    const known = this.#settings.get(anchor);
    if (known?.version === version) return known.settings;
    const ofClass = classOptions(self);
    const settings = resolveSettings(name(self), options, ofClass);
    this.#settings.set(anchor, { version, settings });
    return settings;
  }
}

async function perform(operation: Operation, call: Call): Promise<Ending> {
  try {
    refuseReentrant(call);
    const local = localOutcome(call);
    if (local) return await replay(call, { record: local, source: 'kept' });
    const unwatch = watchKeeping(call);
    try {
      return await joinOrRun(operation, call);
    } finally {
      unwatch();
    }
  } catch (error) {
    if (error instanceof IdempotencyError && !(error instanceof StoreError)) {
      call.publish('refused', () => ({ code: error.code }));
    }
    return { error };
  }
}

async function joinOrRun(operation: Operation, call: Call): Promise<Ending> {
  const run = joinOrLead(call);
  const leading = run instanceof LocalRun ? run : await run;
  return leading instanceof LocalRun
    ? lead(operation, call, leading)
    : replay(call, { ...leading, source: 'joined' });
}

/** Makes the call, on behalf of all that join it as well. */
async function lead(operation: Operation, call: Call, run: LocalRun): Promise<Ending> {
  let settlement: Settlement | undefined;
  let otherwise: LocalEnd = 'ended';
  try {
    while (!settlement) {
      const acquired = await acquire(call, run);
      if (acquired.kind === 'replay') {
        const joined = { record: acquired.record };
        // Before `mapReplay` is asked: an equal call inside of it would wait for this run.
        run.end(joined);
        settlement = { ending: await replay(call, acquired), joined };
      } else settlement = await runHeld(operation, acquired, run);
      if (!settlement) await call.nextTurn();
    }
    return settlement.ending;
  } catch (error) {
    // Its own time to wait is over; those who have more left go on behind one of them.
    if (error instanceof InProgressError) otherwise = 'released';
    throw error;
  } finally {
    run.end(settlement?.joined ?? otherwise);
  }
}

/** Runs the method under its claim; answers with nothing where the claim was lost before it ran. */
async function runHeld(
  { facts: { method } }: Operation,
  acquired: Exclude<Acquired, { kind: 'replay' }>,
  run: LocalRun,
): Promise<Settlement | undefined> {
  const { claim } = acquired;
  const { call } = claim;
  run.open();
  if (acquired.kind === 'held') {
    const { takenOver } = acquired;
    call.attempt = claim.confirmed.state.attempt;
    if (!takenOver) call.publish('claimed', () => ({}));
    else {
      call.publish('taken-over', () => ({ from: takenOver.from }));
      const recovered = await recover(claim, takenOver, run);
      if (recovered === 'acquire') return undefined;
      if (recovered !== 'run') return recovered;
    }
  }
  const execution = new ClaimedExecution(claim, acquired.kind === 'open', run);
  return settle(execution, await runWithin(execution, () => method.apply(call.self, [...call.args])));
}

function refuseReentrant(call: Call): void {
  for (let at = ongoing(executions.getStore()); at; at = at.parent) {
    if (!at.isFor(call.store, call.key)) continue;
    throw new ReentrantCallError(
      `${call.operation}: it was called from inside its own run with the same key ${call.key} and would wait for itself; call it with another key, or call what it does directly`,
      named(call),
    );
  }
}
