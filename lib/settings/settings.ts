import { milliseconds } from '../options/duration.js';
import { definedOptions, type IdempotentOptions, type ProcessOptions } from '../options/options.js';
import { wrongOption } from '../options/wrong-option.js';
import { OutcomeFormat } from '../outcome/outcome.js';
import { shared } from '../process/shared.js';
import { warnOnce } from '../process/warnings.js';
import type { PersistenceStore } from '../record/persistence-store.js';
import { InMemoryStore } from '../stores/in-memory/in-memory-store.js';
import { type ListedClasses, listedClasses, rememberedClasses } from '../values/listed-classes.js';
import { DEFAULT_TTL_MS } from './duration-checks.js';
import { checkLease, checkOptions } from './option-checks.js';

/** One operation's options after layering. Durations are in milliseconds. */
export interface Settings
  extends Omit<
    IdempotentOptions,
    'ttl' | 'lease' | 'renewFor' | 'wait' | 'clockTolerance' | 'store' | 'unresolvedTtl'
  > {
  readonly ttl: number | Exclude<IdempotentOptions['ttl'], undefined | number | string>;
  readonly store: Exclude<IdempotentOptions['store'], undefined>;
  readonly lease: number;
  readonly renewFor: number;
  readonly wait: number;
  readonly clockTolerance: number;
  readonly unresolvedTtl: number | 'until-resolved' | undefined;
  readonly onAbandoned: Exclude<IdempotentOptions['onAbandoned'], undefined>;
  /** `Infinity` where it is not set. */
  readonly maxAttempts: number;
  readonly runtime?: ProcessOptions['runtime'];
  readonly onStoreFailure: 'throw' | 'run';
  readonly readFirst: boolean;
  readonly keepLocal: number;
  readonly enabled: boolean;
  /** The classes of `classes` and `remember`. */
  readonly listed: ListedClasses;
  readonly remembered: ListedClasses;
  readonly format: OutcomeFormat;
}

/** The defaults of the options. */
const builtIn = {
  ttl: DEFAULT_TTL_MS / 1_000,
  lease: 30,
  renewFor: 900,
  wait: 10,
  onAbandoned: 'run',
  maxAttempts: Number.POSITIVE_INFINITY,
  onStoreFailure: 'throw',
  readFirst: false,
  keepLocal: 0,
  clockTolerance: 1,
  enabled: true,
} as const satisfies IdempotentOptions;

/** What `configureIdempotency` set last. A new version makes settings that were resolved before out of date. */
export const configuration = shared('configuration', () => ({ options: {} as ProcessOptions, version: 0 }));

/**
 * Sets the defaults of the whole process. Each call replaces all of them; `{}` restores the built-in ones.
 *
 * @throws {ConfigurationError} for a wrong or unknown option. The configuration then stays as it was.
 */
export function configureIdempotency(options: ProcessOptions): void {
  checkOptions(options, 'process', 'configureIdempotency');
  configuration.options = { ...options };
  configuration.version += 1;
}

/**
 * Resolves each option: the method's value, else the class's, else the process's, else the built-in default.
 *
 * @throws {ConfigurationError} if options of different levels contradict each other.
 */
export function resolveSettings(
  operation: string,
  methodOptions: IdempotentOptions,
  classOptions: IdempotentOptions,
): Settings {
  const layered = {
    ...builtIn,
    ...definedOptions(configuration.options),
    ...definedOptions(classOptions),
    ...definedOptions(methodOptions),
  };
  checkLease(operation, layered.lease, layered.renewFor);
  const listed = listedClasses(layered.classes, layered.remember);
  if ('duplicate' in listed) {
    throw wrongOption(
      operation,
      'classes',
      layered.classes,
      `a list whose class "${listed.duplicate}" is the one in remember`,
    );
  }
  return {
    ...layered,
    ttl: typeof layered.ttl === 'function' ? layered.ttl : (milliseconds(layered.ttl) as number),
    store: layered.store ?? defaultStore(),
    lease: milliseconds(layered.lease) as number,
    renewFor: milliseconds(layered.renewFor) as number,
    wait: milliseconds(layered.wait) as number,
    clockTolerance: milliseconds(layered.clockTolerance) as number,
    unresolvedTtl:
      layered.unresolvedTtl === 'until-resolved' ? 'until-resolved' : milliseconds(layered.unresolvedTtl),
    listed,
    remembered: rememberedClasses(layered.remember),
    format: new OutcomeFormat(layered.codec, listed),
  };
}

function defaultStore(): PersistenceStore {
  if (process.env.NODE_ENV === 'production' || process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) {
    warnOnce(
      'default-store',
      'RETRYSAFE_DEFAULT_STORE',
      'No `store` is configured: records are in the memory of this process only. Other processes do not see them, and a restart loses them. Set a store with `configureIdempotency({ store })`, or where the operation is decorated.',
    );
  }
  return shared('default-store', () => new InMemoryStore());
}
