import sinon from 'sinon';

/** What a store or its client has sent, and is waiting for. */
export interface Quietable {
  /** Resolves when nothing is under way that real time alone would end. */
  quiet(): Promise<void>;
}

/** Fake time that passes no faster than real requests are answered. */
export class PassingTime {
  readonly #clock = sinon.useFakeTimers({
    // From now on, and not from a date of its own: clients correct a clock that differs much from the engine's.
    now: Date.now(),
    toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'],
    // Clients clear a timer -1 that they have not set, which is none of the fake ones.
    shouldClearNativeTimers: true,
  });

  constructor(readonly traffic: Quietable) {}

  /** Lets time pass. No time-out fires because a request takes real time. */
  async pass(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    await this.traffic.quiet();
    while (Date.now() < end) {
      await this.#clock.tickAsync(Math.min(50, end - Date.now()));
      await this.traffic.quiet();
    }
  }

  /** Lets time pass until the promise has settled, for two minutes at most. Settles as the promise does. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.traffic.quiet();
    for (let turn = 0; turn < 2_400 && !isSettled; turn += 1) await this.pass(50);
    if (isSettled) return promise;
    throw new Error('the promise has not settled within two minutes');
  }

  /** Sets the clock forward; no timer fires for that. */
  jump(milliseconds: number): void {
    this.#clock.setSystemTime(Date.now() + milliseconds);
  }

  restore(): void {
    this.#clock.restore();
  }
}
