import { IdempotencyError } from '../../errors.js';
import { isRecordedError } from '../../process/recorded-errors.js';
import type { CallEnd, Delivery } from './crash-options.js';
import type { Happening } from './happening.js';
import type { SimulatedProcess } from './simulated-process.js';

/** How long a sender waits after an error that may pass. */
const RETRY_MS = 1_000;

/** What a call needs of its history. */
interface History {
  readonly now: number;
  readonly taken: number;
  newProcess(name: string, call: SimulatedProcess['call']): SimulatedProcess;
  step(process: SimulatedProcess, run: () => void): Promise<void>;
  note(happening: Happening): void;
}

/** One of the calls, as its sender makes it: again and again, until it has an outcome. */
export class CallUnderTest {
  readonly name: string;
  deliveries = 0;
  /** When it is sent again, where nothing else comes before. */
  resendAt: number | undefined;
  /** After how many choices that was known. */
  resendSince: number | undefined;
  end: CallEnd | undefined;
  endedAt: number | undefined;
  wasRedelivered = false;
  /** What the process was told that gave the outcome. */
  #heard = 0;
  /** The processes that may still answer. */
  readonly #running = new Set<SimulatedProcess>();

  constructor(
    readonly world: History,
    readonly index: number,
    readonly mostDeliveries: number,
    readonly make: (started: unknown, delivery: Delivery) => unknown,
    /** Makes what belongs to a process. */
    readonly start: () => Promise<unknown>,
  ) {
    this.name = `call ${index + 1}`;
  }

  get hasBegun(): boolean {
    return this.deliveries > 0;
  }

  get mayBeRedelivered(): boolean {
    return this.hasBegun && !this.wasRedelivered && this.deliveries < this.mostDeliveries;
  }

  isWaitedForIn(process: SimulatedProcess): boolean {
    return this.#running.has(process);
  }

  /** Makes the call once more: because it is time, or though it is not. */
  async deliver(why: 'due' | 'redelivery' = 'due'): Promise<void> {
    const { world } = this;
    if (why === 'due') this.resendAt = undefined;
    this.deliveries += 1;
    const number = this.deliveries;
    const name = number === 1 ? this.name : `${this.name} (delivery ${number})`;
    const process = world.newProcess(name, { index: this.index, delivery: number });
    this.#running.add(process);
    world.note({ what: 'begins', at: world.now, process, delivery: number, why });
    await world.step(process, () => {
      const made = this.start().then((started) => this.make(started, { number }));
      made.then(
        (value) => this.#returned(process, value),
        (error) => this.#failed(process, error),
      );
    });
  }

  /** Sends it again after so long, unless it was sent as often as it may be. */
  resend(afterMs: number): void {
    if (this.end) return;
    if (this.#isUsedUp()) this.#end({ error: new Error('no answer came'), deliveries: this.deliveries });
    if (this.deliveries >= this.mostDeliveries) return;
    this.resendSince = this.world.taken;
    this.resendAt = Math.min(this.world.now + afterMs, this.resendAt ?? Number.POSITIVE_INFINITY);
  }

  /** What it was told so far, for the digest of a history. */
  text(): string {
    const { now, taken } = this.world;
    const resendIn = this.resendAt === undefined ? '' : this.resendAt - now;
    return `${this.deliveries} ${resendIn} ${this.resendSince === taken} ${this.wasRedelivered} ${this.#heard}`;
  }

  /** A process died that might have answered. */
  lose(process: SimulatedProcess): void {
    this.#running.delete(process);
  }

  #returned(process: SimulatedProcess, value: unknown): void {
    this.#running.delete(process);
    this.world.note({ what: 'returns', at: this.world.now, process, value });
    this.#heard = process.heard;
    this.#end({ value, deliveries: this.deliveries });
  }

  #failed(process: SimulatedProcess, error: unknown): void {
    this.#running.delete(process);
    const isLast = isOutcome(error) ? 'an outcome' : this.#isUsedUp() && 'used up';
    this.world.note({ what: 'fails', at: this.world.now, process, error, isLast });
    this.#heard = process.heard;
    if (isLast) return this.#end({ error, deliveries: this.deliveries });
    this.resend(retryMs(error));
  }

  /** Whether it is not sent again, and nobody may still answer. */
  #isUsedUp(): boolean {
    return this.deliveries >= this.mostDeliveries && this.#running.size === 0;
  }

  #end(end: CallEnd): void {
    if (this.end) return;
    this.end = end;
    this.endedAt = this.world.now;
    this.resendAt = undefined;
  }
}

/** Whether an error is an answer: the same call would get it again. */
function isOutcome(error: unknown): boolean {
  if (error instanceof IdempotencyError) return error.advice !== 'retry-later';
  return isRecordedError(error);
}

function retryMs(error: unknown): number {
  const { retryAfter } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly retryAfter?: unknown;
  };
  return typeof retryAfter === 'number' && retryAfter > 0 ? retryAfter * 1_000 : RETRY_MS;
}
