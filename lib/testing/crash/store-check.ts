import { ConfigurationError } from '../../errors.js';
import { type Check, checkedOptions } from '../../options/checked-options.js';
import { kindOf } from '../../options/wrong-option.js';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { checkNotWithin, functionOf, seconds, seed, wholeNumber } from './checks.js';
import type { CrashTestOptions } from './crash-options.js';
import type { CrashSetting } from './crash-setting.js';
import { EffectFailedError } from './effect-failed-error.js';
import { Explorer } from './explore.js';
import { here } from './here.js';
import { isLinearizable, type Observed, textOf } from './linearizable.js';
import { Outside } from './outside.js';
import { SimulatedProcess } from './simulated-process.js';
import { type StoreCase, type StoreOperationCase, storeCases } from './store-cases.js';
import { storyOf } from './story.js';
import { takeTurn } from './take-turn.js';
import { realNow } from './turns.js';
import { messageOf, textOf as textOfValue } from './words.js';

/** What `storeCheck` checks, and how far it goes. */
export interface StoreCheckOptions {
  /** How many operations are done at once at most. Default: 2 where the store's requests are wrapped, else 3. */
  readonly atOnce?: number;
  /** How often each set of them is done at once, where nothing of the store is wrapped. Default: 3. */
  readonly times?: number;
  /** How many faults there may be in a history, where the store's requests are wrapped. Default: 1. */
  readonly faults?: number;
  /** Seconds after which no further set of operations is tried. Default: 30. */
  readonly seconds?: number;
  /** Default: 1. */
  readonly seed?: number;
  /** Closes a store that `makeStore` has made. Default: none is closed. */
  readonly tearDown?: (store: PersistenceStore) => unknown;
}

/** What a check of a store has tried. */
export interface StoreCheckReport {
  /** Sets of operations that were done at once, each after one of four beginnings; and how many there was no time for, or not for all orders. */
  readonly cases: number;
  readonly left: number;
  /** How often they were done: once for each order of the store's requests, where these are wrapped. */
  readonly histories: number;
  /** Whether the store's requests are wrapped, so that every order of them was tried. */
  readonly isWrapped: boolean;
  readonly seconds: number;
}

/** Answers of a store that no order of its operations gives. */
export class StoreCheckError extends Error {
  override readonly name = 'StoreCheckError';
}

type MakeStore = (setting: Pick<CrashSetting, 'effect'>) => PersistenceStore | PromiseLike<PersistenceStore>;

/**
 * Checks that a store does its three operations as if each were one step: does them at once in many ways, and looks for an order in which a
 * reference gives the same answers. Where `makeStore` wraps each request of the store by `effect`, it tries every order of the requests, and
 * crashes and lost answers between them; else the operations are done at once, and the database decides. The laws of `storeContract` say
 * the rest.
 *
 * @example await storeCheck(({ effect }) => new MyStore({ query: effect('db.query', (text) => db.query(text)) }));
 *
 * @throws {StoreCheckError} with the operations and their answers.
 * @throws {ConfigurationError} for a wrong option.
 */
export async function storeCheck(
  makeStore: MakeStore,
  options: StoreCheckOptions = {},
): Promise<StoreCheckReport> {
  checkOptions(makeStore, options);
  let isWrapped = false;
  const probe = await makeStore({
    effect: (_name, call) => {
      isWrapped = true;
      return (async (...args: never[]) => call(...args)) as never;
    },
  });
  for (const name of ['claim', 'replace', 'find'])
    if (typeof (probe as unknown as Readonly<Record<string, unknown>> | undefined)?.[name] !== 'function')
      throw new ConfigurationError(
        `storeCheck: makeStore returned ${kindOf(probe)} without ${name}(); expected a store with claim, replace and find`,
      );
  const check = new StoreCheck(makeStore, options, isWrapped);
  try {
    return isWrapped ? await takeTurn(() => check.allOrders()) : await check.atOnce(probe);
  } finally {
    await options.tearDown?.(probe);
  }
}

/** What a history has. */
interface Made {
  readonly store: PersistenceStore;
  readonly key: string;
  readonly observing: Observing;
}

class StoreCheck {
  readonly #began = realNow();
  readonly #cases: StoreCase[];
  readonly #name = `store-check ${globalThis.crypto.randomUUID()}`;
  #keys = 0;
  #done = 0;
  #histories = 0;

  constructor(
    readonly makeStore: MakeStore,
    readonly options: StoreCheckOptions,
    readonly isWrapped: boolean,
  ) {
    this.#cases = storeCases(options.atOnce ?? (isWrapped ? 2 : 3)).sort(
      (a, b) => a.atOnce.length - b.atOnce.length,
    );
  }

  /** Lives through every order of the requests of a store. */
  async allOrders(): Promise<StoreCheckReport> {
    for (const each of this.#cases) {
      if (this.#isOver()) break;
      const explorer = new Explorer(this.#optionsFor(each));
      const { report, found } = await explorer.explore();
      this.#histories += report.histories;
      if (found) {
        const { world, violation } = await explorer.live(found.plan, true);
        throw wrong(violation?.thrown, storyOf(world.happenings));
      }
      if (!report.cutBy) this.#done += 1;
    }
    return this.#report();
  }

  /** Does the operations at once on one store, each set under a key of its own. */
  async atOnce(store: PersistenceStore): Promise<StoreCheckReport> {
    for (const each of this.#cases) {
      if (this.#isOver()) break;
      for (let time = 0; time < (this.options.times ?? 3); time += 1) {
        const key = this.#newKey();
        for (const operation of each.before) await operation.ask(store, key);
        const observing = new Observing(each.atOnce);
        // So that each of them is the first one in turn.
        const turned = each.atOnce.map((_one, index) => (index + time) % each.atOnce.length);
        await Promise.all(turned.map((index) => observing.ask(index, store, key)));
        const violation = violationOf(
          each,
          key,
          observing.observed,
          await store.find(key, { consistent: true }),
        );
        if (violation !== undefined) throw wrong(violation, []);
        this.#histories += 1;
      }
      this.#done += 1;
    }
    return this.#report();
  }

  #optionsFor(each: StoreCase): CrashTestOptions<unknown, unknown> {
    const left = this.#left();
    const options: CrashTestOptions<Made> = {
      setUp: async ({ effect }) => {
        const observing = new Observing(each.atOnce);
        const store = await this.makeStore({ effect: observing.watching(effect) });
        const key = this.#newKey();
        const place = here.getStore();
        if (place instanceof Outside) place.names.set(key, 'the key');
        for (const operation of each.before) await operation.ask(store, key);
        return { store, key, observing };
      },
      calls: each.atOnce.map(
        (_one, index) =>
          ({ store, key, observing }) =>
            observing.ask(index, store, key),
      ),
      invariant: async ({ store, key, observing }) => {
        if (observing.unexpected) throw observing.unexpected;
        const last = await store.find(key, { consistent: true });
        const violation = violationOf(each, key, observing.observed, last);
        if (violation !== undefined) throw violation;
      },
      tearDown: ({ store }) => this.options.tearDown?.(store),
      deliveries: 1,
      faults: this.options.faults ?? 1,
      switches: 4,
      histories: 10_000_000,
      seconds: left,
      seed: this.options.seed ?? 1,
    };
    return options as CrashTestOptions<unknown, unknown>;
  }

  /** One that no other history and no other check has: they may be in one database. */
  #newKey(): string {
    this.#keys += 1;
    return `${this.#name}#${this.#keys}`;
  }

  #left(): number {
    return (this.options.seconds ?? 30) - (realNow() - this.#began) / 1_000;
  }

  #isOver(): boolean {
    return this.#left() <= 0;
  }

  #report(): StoreCheckReport {
    return {
      cases: this.#done,
      left: this.#cases.length - this.#done,
      histories: this.#histories,
      isWrapped: this.isWrapped,
      seconds: Math.round(realNow() - this.#began) / 1_000,
    };
  }
}

/** Takes note of operations: when each began, and when it was answered, and how. */
class Observing {
  readonly observed: Observed[] = [];
  /** What the store threw in an operation of which no request had failed by the check. */
  unexpected: Error | undefined;
  /** The operations of which one has. */
  readonly #failed = new Set<number>();
  #counter = 0;

  constructor(readonly operations: readonly StoreOperationCase[]) {}

  /** Wraps requests so that it is known which operation one has failed of. */
  watching(effect: CrashSetting['effect']): CrashSetting['effect'] {
    return (name, call) => {
      const wrapped = effect(name, call);
      return async (...args: Parameters<typeof wrapped>): ReturnType<typeof wrapped> => {
        try {
          return await wrapped(...args);
        } catch (error) {
          const place = here.getStore();
          if (error instanceof EffectFailedError && place instanceof SimulatedProcess)
            this.#failed.add(place.call.index);
          throw error;
        }
      };
    };
  }

  async ask(index: number, store: PersistenceStore, key: string): Promise<void> {
    const operation = this.operations[index] as StoreOperationCase;
    this.#counter += 1;
    const own: Observed = { operation, from: this.#counter, until: Number.POSITIVE_INFINITY };
    this.observed.push(own);
    const record = await operation.ask(store, key).catch((error: unknown) => {
      if (!this.#failed.has(index)) this.unexpected ??= unexpectedIn(operation, error);
      throw error;
    });
    this.#counter += 1;
    own.until = this.#counter;
    own.answer = { record };
  }
}

/** Names a record by its token, where it is one that was written, whole and under its key. */
function wordsFor(
  operations: readonly StoreOperationCase[],
  key: string,
  record: IdempotencyRecord | undefined,
): string {
  if (!record) return 'none';
  const written = operations.some((one) => textOf(one.record?.(key)) === textOf(record));
  return written ? `${record.token} (${record.state.status})` : `what nobody wrote: ${textOf(record)}`;
}

function violationOf(
  { before, atOnce }: StoreCase,
  key: string,
  observed: readonly Observed[],
  last: IdempotencyRecord | undefined,
): Error | undefined {
  if (isLinearizable(key, before, observed, last)) return undefined;
  const words = (record: IdempotencyRecord | undefined) => wordsFor([...before, ...atOnce], key, record);
  const nameOf = (operation: StoreOperationCase) =>
    `call ${atOnce.indexOf(operation) + 1}, ${operation.name}`;
  const names = (operations: readonly StoreOperationCase[]) => operations.map(({ name }) => name).join(', ');
  return new Error(
    [
      `no order of ${names(atOnce)}${before.length > 0 ? ` after ${names(before)}` : ''} gives these answers:`,
      ...observed.map(
        ({ operation, answer }) => `  ${nameOf(operation)}: ${answer ? words(answer.record) : 'no answer'}`,
      ),
      `  what is kept at last: ${words(last)}`,
    ].join('\n'),
  );
}

function unexpectedIn({ name }: StoreOperationCase, error: unknown): Error {
  return new Error(`${name} threw ${textOfValue(error)}, though none of its requests had failed`, {
    cause: error,
  });
}

function wrong(violation: unknown, story: readonly string[]): StoreCheckError {
  const what = messageOf(violation);
  const told = story.length > 0 ? ['', ...story.map((sentence) => `  ${sentence}`)] : [];
  return new StoreCheckError([`storeCheck: ${what}`, ...told].join('\n'), { cause: violation });
}

const checks: Readonly<Record<keyof StoreCheckOptions, Check>> = {
  atOnce: wholeNumber(1, 5),
  times: wholeNumber(1, 1_000),
  faults: wholeNumber(0, 3),
  // Less is no time for any.
  seconds: (value, options) =>
    typeof value === 'number' && value < 0.1 ? 'a number of seconds, 0.1 to 86400' : seconds(value, options),
  seed,
  tearDown: functionOf('a function that closes a store'),
};

function checkOptions(makeStore: unknown, options: StoreCheckOptions): void {
  if (typeof makeStore !== 'function')
    throw new ConfigurationError(
      `storeCheck got ${kindOf(makeStore)}; expected a function that makes a store`,
    );
  checkNotWithin('storeCheck');
  checkedOptions('storeCheck', options, { checks });
}
