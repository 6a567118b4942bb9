import { type Check, checkedOptions } from '../options/checked-options.js';
import { type Duration, milliseconds } from '../options/duration.js';
import { methodsMissing, STORE_METHODS } from '../options/store-methods.js';
import type { PersistenceStore } from '../record/persistence-store.js';

/** How calls are told to OpenTelemetry. */
export interface IdempotencyInstrumentationConfig {
  /** Whether a new `IdempotencyInstrumentation` is enabled at once. Default: `true`. */
  readonly enabled?: boolean;
  /**
   * What spans have of the idempotency key. `'hash'`: the digest after the operation's name. `'full'`: all of it. `'omit'`: nothing, for
   * ids so few that a digest can be guessed. Default: `'hash'`.
   */
  readonly key?: 'hash' | 'full' | 'omit';
  /**
   * Whether a span has the message and the stack of the error that its call threw. They may contain values of your users. Default: `false`.
   */
  readonly recordExceptions?: boolean;
  /** Whether each request to a store has a span. Default: `false`. */
  readonly storeSpans?: boolean;
  /**
   * Stores by the names that metrics have for them, whose unknown and abandoned keys are counted. A store without `records()` is left out, with
   * a warning. Default: none.
   */
  readonly stores?: Readonly<Record<string, PersistenceStore>>;
  /** How long after one scan of a store the next begins, at least 1 second. Default: `'5m'`. */
  readonly scanInterval?: Duration;
  /** How many pages of 1,000 records a scan reads at most, 1 or more. The next one goes on where it ended. Default: 10. */
  readonly scanPages?: number;
}

/** A config with its defaults. */
export interface Settings {
  readonly key: 'hash' | 'full' | 'omit';
  readonly recordExceptions: boolean;
  readonly storeSpans: boolean;
  readonly stores: Readonly<Record<string, PersistenceStore>>;
  readonly scanIntervalMs: number;
  readonly scanPages: number;
}

function isStore(value: unknown): boolean {
  return methodsMissing(value, STORE_METHODS).length === 0;
}

const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

const checks: Record<keyof IdempotencyInstrumentationConfig, Check> = {
  enabled: isBoolean,
  key: (value) =>
    value === 'hash' || value === 'full' || value === 'omit' ? undefined : "'hash', 'full' or 'omit'",
  recordExceptions: isBoolean,
  storeSpans: isBoolean,
  stores: (value) =>
    !isStore(value) && Object.values(Object(value)).length > 0 && Object.values(Object(value)).every(isStore)
      ? undefined
      : 'an object with a store for each name, such as { orders: store }',
  scanInterval: (value) =>
    (milliseconds(value) ?? 0) >= 1_000
      ? undefined
      : "seconds or a string with a unit, at least 1 s, such as 300 or '5m'",
  scanPages: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'a whole number, 1 or more',
};

/**
 * Returns what a config says, with its defaults.
 *
 * @throws {ConfigurationError} for a wrong option.
 */
export function settingsOf(where: string, config: IdempotencyInstrumentationConfig): Settings {
  checkedOptions(where, config, { checks, example: "{ key: 'hash' }" });
  const { key = 'hash', recordExceptions = false, storeSpans = false, stores = {} } = config;
  const { scanInterval = '5m', scanPages = 10 } = config;
  const scanIntervalMs = milliseconds(scanInterval) as number;
  return { key, recordExceptions, storeSpans, stores, scanIntervalMs, scanPages };
}
