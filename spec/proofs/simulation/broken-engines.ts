import { makeIdempotent } from 'retrysafe';
import type { Args, Engine } from './operation.js';

/** An engine that does one thing wrong, and the rules that may catch it. */
export interface BrokenEngine {
  readonly fault: string;
  readonly rules: readonly string[];
  readonly engine: Engine;
}

/** The real engine, and something that is done to each call of it. */
export function around(
  change: (call: () => Promise<unknown>, args: Args, run: () => Promise<unknown>) => Promise<unknown>,
): Engine {
  return (method, options) => {
    const real = makeIdempotent(method, options);
    // The same function where an operator asks about it.
    return Object.assign(
      new Proxy(real, {
        apply: (_, self, args: unknown[]) =>
          change(
            () => Reflect.apply(real, self, args),
            args as unknown as Args,
            () => method(...(args as unknown as Args)),
          ),
      }),
    );
  };
}

const outcomes = new Map<string, unknown>();

export const brokenEngines: readonly BrokenEngine[] = [
  {
    fault: 'it lets timers go on',
    rules: ['nothing is left behind'],
    engine: around(async (call) => {
      const tick = () => setTimeout(tick, 60_000);
      tick();
      return call();
    }),
  },
  {
    fault: 'it begins attempts without end',
    rules: ['attempts have an end'],
    engine: (method, options) => {
      const { maxAttempts: _, ...others } = options;
      return makeIdempotent(method, others);
    },
  },
  {
    fault: 'it leaves a rejection unhandled',
    rules: ['nothing is left behind'],
    engine: around(async (call) => {
      void Promise.reject(new Error('unhandled'));
      return call();
    }),
  },
  {
    fault: 'it never answers who has to wait',
    rules: ['every call ends in time'],
    engine: around((call) =>
      call().catch((error) => (error.code ? new Promise(() => {}) : Promise.reject(error))),
    ),
  },
  {
    fault: 'it loses types',
    rules: ['replays are equal'],
    engine: around(async (call) => {
      const value = (await call()) as { tags?: unknown } | undefined;
      return value?.tags instanceof Set ? { ...value, tags: [...value.tags] } : value;
    }),
  },
  {
    fault: 'it hands out one object twice',
    rules: ['every call has a copy of its own', 'answers are outcomes'],
    engine: around(async (call) => {
      const value = (await call()) as { mark: string };
      const known = outcomes.get(value.mark) ?? value;
      outcomes.set(value.mark, known);
      return known;
    }),
  },
  {
    fault: 'it answers a failure with nothing',
    rules: ['answers are outcomes'],
    engine: around((call) => call().catch(() => undefined)),
  },
  {
    fault: 'it passes on the errors of the store',
    rules: ['answers are outcomes'],
    engine: around((call) =>
      call().catch((error) => {
        throw error.cause instanceof Error ? new Error(error.cause.message) : error;
      }),
    ),
  },
];
