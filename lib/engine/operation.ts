import { type Identity, identify } from '../key/identity.js';
import type { IdempotentOptions } from '../options/options.js';
import { steadyNow } from '../process/steady-clock.js';
import { invocationIn } from '../request/events/lambda.js';
import { configuration, resolveSettings, type Settings } from '../settings/settings.js';
import { storeFor } from '../settings/store-option.js';
import { callChannel } from '../traces.js';
import { Driver } from './driver/driver.js';
import type { Method, PreparedCall } from './driver/prepared-call.js';
import { reentrant } from './driver/refusals.js';
import { traceCall } from './driver/tracing.js';
import { BareExecution } from './execution/bare-execution.js';
import { type Execution, executions, ongoing, runWithin } from './execution/execution.js';
import { type Watch, type WatchedCall, watchHere } from './execution/replay-info.js';
import { isVerdict } from './execution/verdict.js';
import { Machine } from './machine/machine.js';
import { NEVER } from './machine/moment.js';
import { runtimeOf } from './runtime.js';

/** What an operation is, whichever call is made of it. */
export interface OperationFacts {
  /** Throws a `ConfigurationError` if it cannot be told. */
  readonly name: (self: unknown) => string;
  readonly method: Method;
  readonly options: IdempotentOptions;
  /** Throws a `ConfigurationError` if they cannot be told, since `self` is no instance of the class. */
  readonly classOptions: (self: unknown) => IdempotentOptions;
}

/** The rules of an operation, for one version of the process's configuration. */
interface Resolved {
  readonly version: number;
  readonly settings: Settings;
  readonly machine: Machine;
  /** Whether this process runs in Lambda, which stops it between two invocations. */
  readonly isInLambda: boolean;
}

/** What one call runs, under an identity that is known already. */
export interface ReadyCall {
  readonly identity: Identity;
  readonly method: Method;
  /** What options that are functions have as `this`. */
  readonly self: unknown;
}

/** One idempotent method: it prepares each call, and has it made. */
export class Operation {
  readonly #resolved = new WeakMap<object, Resolved>();

  constructor(readonly facts: OperationFacts) {}

  /** Runs the method, or returns the outcome of the call that did. Never throws: it rejects. */
  perform(self: unknown, args: readonly unknown[]): Promise<unknown> {
    const watch = watchHere();
    try {
      return watch ? this.#beginUnder(watch, self, args) : this.#begin(self, args);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Makes a call whose identity is known, and tells `watched` of it. Never throws: it rejects. */
  performReady(args: readonly unknown[], ready: ReadyCall, watched: WatchedCall): Promise<unknown> {
    const watch = watchHere();
    try {
      if (watch) return this.#performUnder(watch, args, ready, watched);
      return this.#begin(ready.self, args, watched, ready);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  // A method of its own, as in the driver: a function that has a closure in it allocates for that in every call.
  #beginUnder(watch: Watch, self: unknown, args: readonly unknown[]): Promise<unknown> {
    return watch.over((watched) => this.#begin(self, args, watched));
  }

  #performUnder(
    watch: Watch,
    args: readonly unknown[],
    ready: ReadyCall,
    watched: WatchedCall,
  ): Promise<unknown> {
    return watch.over(async (seen) => {
      try {
        return await this.#begin(ready.self, args, seen, ready);
      } finally {
        Object.assign(watched, seen);
      }
    });
  }

  /**
   * Returns the call that these arguments make, without making it.
   *
   * @throws {KeyError | ConfigurationError}
   */
  prepare(self: unknown, args: readonly unknown[]): PreparedCall {
    return this.#prepareBy(this.#resolvedFor(self), self, args, runHere());
  }

  #prepareBy(
    { settings, machine, isInLambda }: Resolved,
    self: unknown,
    args: readonly unknown[],
    around: Execution | undefined,
    ready?: ReadyCall,
  ): PreparedCall {
    const operation = this.facts.name(self);
    const { key, fingerprint } = ready ? ready.identity : identify(operation, settings, self, args);
    const store = storeFor(operation, settings, self);
    const invocation = invocationIn(args);
    const leftMs = invocation?.getRemainingTimeInMillis();
    const endsAt = leftMs === undefined ? (around?.endsAt ?? NEVER) : steadyNow() + Math.max(0, leftMs);
    const { method } = ready ?? this.facts;
    const stopsWithAnswer = isInLambda || endsAt !== NEVER;
    return {
      operation,
      method,
      settings,
      machine,
      store,
      key,
      fingerprint,
      self,
      args,
      endsAt,
      stopsWithAnswer,
      by: runtimeOf(settings, invocation, around),
    };
  }

  #begin(
    self: unknown,
    args: readonly unknown[],
    watched?: WatchedCall,
    ready?: ReadyCall,
  ): Promise<unknown> {
    const resolved = isDisabled() ? undefined : this.#resolvedFor(self);
    if (!resolved?.settings.enabled) return this.#runBare(self, args, watched, ready);
    const around = runHere();
    const call = this.#prepareBy(resolved, self, args, around, ready);
    const driver = new Driver(call, 'run');
    if (watched) watched.call = driver;
    if (callChannel.hasSubscribers) return this.#beginTraced(driver, around);
    return isReentrant(call, around) ? driver.refuse(reentrant(call)) : driver.run();
  }

  #beginTraced(driver: Driver, around: Execution | undefined): Promise<unknown> {
    const { operation, key } = driver;
    return traceCall({ operation, key }, (trace) => {
      driver.note(trace);
      return isReentrant(driver.call, around) ? driver.refuse(reentrant(driver.call)) : driver.run();
    });
  }

  async #runBare(
    self: unknown,
    args: readonly unknown[],
    watched?: WatchedCall,
    ready?: ReadyCall,
  ): Promise<unknown> {
    const name = this.facts.name(self);
    const key = () => ready?.identity.key ?? this.prepare(self, args).key;
    if (watched) watched.bare = { operation: name, key };
    const ending = await runWithin(new BareExecution(name, key), () =>
      (ready ?? this.facts).method.apply(self, [...args]),
    );
    if ('error' in ending) throw ending.error;
    return isVerdict(ending.value) ? ending.value.value : ending.value;
  }

  /** Returns the operation's options, for what of them concerns a record. */
  settingsFor(self: unknown): Settings {
    return this.#resolvedFor(self).settings;
  }

  #resolvedFor(self: unknown): Resolved {
    const { name, options, classOptions } = this.facts;
    // All instances of a class have the same.
    const anchor: object =
      typeof self === 'function' ? self : (self != null && Object.getPrototypeOf(self)) || this;
    const { version } = configuration;
    const known = this.#resolved.get(anchor);
    if (known?.version === version) return known;
    const ofClass = classOptions(self);
    const settings = resolveSettings(name(self), options, ofClass);
    const isInLambda = process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined;
    const resolved = { version, settings, machine: new Machine(settings), isInLambda };
    this.#resolved.set(anchor, resolved);
    return resolved;
  }
}

function isDisabled(): boolean {
  const disabled = process.env.IDEMPOTENCY_DISABLED;
  return disabled !== undefined && /^(?:true|1)$/i.test(disabled);
}

/** The run, if any, that a call is made in. */
function runHere(): Execution | undefined {
  return ongoing(executions.getStore());
}

/** Whether a call is made inside its own run: it would wait for itself. */
function isReentrant({ store, key }: PreparedCall, around: Execution | undefined): boolean {
  for (let at = around; at; at = at.parent) if (at.isFor(store, key)) return true;
  return false;
}
