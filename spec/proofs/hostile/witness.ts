import { inspect } from 'node:util';
import { IdempotencyError } from 'retrysafe';
import sinon from 'sinon';
import { RecordedEvents } from '../../support/recorded-events.js';
import { fakeTime } from '../../support/time.js';

const everything = {
  depth: Number.POSITIVE_INFINITY,
  showHidden: true,
  maxArrayLength: null,
  maxStringLength: null,
} as const;

/** Sees all that a process, and those who log in it, get to see of the library, in a time of its own. */
export class Witness {
  readonly clock = fakeTime();
  readonly events = new RecordedEvents();
  readonly errors: IdempotencyError[] = [];
  readonly things: unknown[] = [];
  readonly #warnings = sinon.stub(process, 'emitWarning');

  stop(): void {
    this.events.stop();
    this.#warnings.restore();
    this.clock.restore();
  }

  /** Ends as the promise does, in so many milliseconds, and keeps the error where it is one of ours. */
  async end(promise: Promise<unknown>, milliseconds = 0): Promise<void> {
    const ended = promise.catch((error: unknown) => this.keep(error));
    if (milliseconds > 0) await this.clock.tickAsync(milliseconds);
    await ended;
  }

  keep(error: unknown): void {
    if (error instanceof IdempotencyError) this.errors.push(error);
  }

  /** What was warned of. */
  get warnings(): string[] {
    return this.#warnings.getCalls().map(({ args }) => String(args[0]));
  }

  /** The names of the errors and events, and the codes of the warnings, that there were. */
  get said(): string[] {
    return [
      ...this.errors.map(({ name }) => name),
      ...this.events.names,
      ...this.#warnings
        .getCalls()
        .map(({ args }) => String((args[1] as { code?: string } | undefined)?.code)),
    ];
  }

  /** Every text that was seen, by what it was. */
  *texts(): Generator<readonly [what: string, text: string]> {
    for (const { error, ...rest } of [...this.events.raw, ...this.events.typed]) {
      yield [`event ${rest.name}`, inspect(rest, everything) + JSON.stringify(rest)];
      // That of a store that failed is the store's own, unless it is one of ours.
      if (error instanceof IdempotencyError) yield [`event ${rest.name}`, wordsOf(error)];
    }
    for (const { args } of this.#warnings.getCalls()) yield ['warning', inspect(args, everything)];
    for (const error of this.errors) yield [error.name, wordsOf(error)];
    for (const thing of this.things) yield ['thing', inspect(thing, everything)];
  }
}

/** What an error says in every way of logging it; a cause that is not one of ours has its own words. */
function wordsOf(error: IdempotencyError): string {
  const { cause, stack, ...own } = Object.fromEntries(
    Reflect.ownKeys(error).map((name) => [String(name), Reflect.get(error, name)]),
  );
  const words = [String(error), String(stack).split('\n    at ')[0], JSON.stringify(error)];
  words.push(inspect(own, everything));
  if (cause === undefined) words.push(inspect(error, everything));
  if (cause instanceof IdempotencyError) words.push(wordsOf(cause));
  return words.join('\n');
}
