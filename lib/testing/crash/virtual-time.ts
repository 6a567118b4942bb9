import { shared } from '../../process/shared.js';
import { here } from './here.js';
import type { Place } from './place.js';
import { type Globals, type Replacement, replaceAll } from './replace.js';
import { VirtualTimer } from './virtual-timer.js';

type Callback = (...args: unknown[]) => void;
type Pause = (...args: unknown[]) => Promise<unknown>;
type Started = (callback: Callback, delay?: number, ...args: unknown[]) => unknown;

/** The property of a function that `promisify` returns instead. */
const asPromise = Symbol.for('nodejs.util.promisify.custom');

const steady = shared('steady-clock', () => ({ last: 0, ahead: 0 }));

/**
 * Puts timers and clocks of the simulated processes before those of this process, until the returned function is called. Code
 * that belongs to no history gets what was there before, real or faked.
 */
export function installVirtualTime(): () => void {
  const timers = process.getBuiltinModule('node:timers') as unknown as Globals;
  const promises = process.getBuiltinModule('node:timers/promises') as unknown as Globals;
  const scheduler = promises.scheduler as Globals;
  const globals = globalThis as unknown as Globals;
  const putBack = replaceAll([
    ...[globals, timers].flatMap((object) => [
      ...['setTimeout', 'setInterval', 'setImmediate'].map(
        (name): Replacement => [object, name, starts(name)],
      ),
      ...['clearTimeout', 'clearInterval', 'clearImmediate'].map(
        (name): Replacement => [object, name, clears],
      ),
    ]),
    [promises, 'setTimeout', pauses(true)],
    [promises, 'setImmediate', pauses(false)],
    [promises, 'setInterval', repeats],
    [scheduler, 'wait', (former: Pause) => waits(former.bind(scheduler))],
    [scheduler, 'yield', (former: Pause) => pauses(false)(former.bind(scheduler))],
    [globals, 'Date', virtualDate],
    [performance as unknown as Globals, 'now', readsClock],
    [AbortSignal as unknown as Globals, 'timeout', timesOut],
  ]);
  const putClockBack = splitSteadyClock();
  return () => {
    putBack();
    putClockBack();
  };
}

/** Gives each process of a history a steady clock of its own, as each real one has. */
function splitSteadyClock(): () => void {
  const own = { ...steady };
  const clock = () => here.getStore()?.steady ?? own;
  for (const name of ['last', 'ahead'] as const)
    Object.defineProperty(steady, name, {
      get: () => clock()[name],
      set: (value: number) => {
        clock()[name] = value;
      },
      configurable: true,
    });
  return () => {
    for (const name of ['last', 'ahead'] as const)
      Object.defineProperty(steady, name, { value: own[name], writable: true });
  };
}

function starts(name: string) {
  return (former: Started) => {
    const start = (callback: Callback, delay?: number, ...args: unknown[]): unknown => {
      const place = here.getStore();
      if (!place?.timers) return former(callback, delay as number, ...args);
      const isImmediate = name === 'setImmediate';
      const given = isImmediate ? [delay, ...args] : args;
      return newTimer(place, () => callback(...given), isImmediate ? 0 : delay, name === 'setInterval');
    };
    // So that promisify() makes a promise of it, as of the real one.
    const promisified = (former as unknown as Record<symbol, never>)[asPromise];
    if (promisified) Object.assign(start, { [asPromise]: pauses(name === 'setTimeout')(promisified) });
    return start;
  };
}

function newTimer(
  { timers, clock }: Place,
  run: () => void,
  delay: unknown,
  isRepeated: boolean,
): VirtualTimer {
  return new VirtualTimer(
    timers as Set<VirtualTimer>,
    clock,
    delay === 0 ? 0 : dueAfter(delay),
    run,
    isRepeated,
  );
}

/** As Node.js has it: a millisecond at least. */
function dueAfter(delay: unknown): number {
  const ms = Number(delay);
  return ms >= 1 && ms <= 2_147_483_647 ? Math.trunc(ms) : 1;
}

function clears(former: (timer: unknown) => void) {
  return (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.close();
    else former(timer);
  };
}

/** The timers that are promises: that of `setImmediate` has no delay. */
function pauses(hasDelay: boolean) {
  return (former: Pause) =>
    (...args: unknown[]): Promise<unknown> => {
      const place = here.getStore();
      if (!place?.timers) return former(...args);
      const [delay, value, options] = hasDelay ? args : [0, ...args];
      return new Promise((resolve, reject) => {
        const timer = newTimer(place, () => resolve(value), delay, false);
        const { signal } = (options ?? {}) as { readonly signal?: AbortSignal };
        const abort = () => {
          timer.close();
          const error = new Error('The operation was aborted', { cause: signal?.reason });
          reject(Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' }));
        };
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      });
    };
}

function repeats(former: (...args: unknown[]) => AsyncIterable<unknown>) {
  return (delay?: unknown, value?: unknown, options?: object): AsyncIterable<unknown> => {
    const { clock, timers } = here.getStore() ?? {};
    if (!timers || !clock) return former(delay, value, options);
    const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises');
    const begun = clock.now;
    return (async function* () {
      for (let round = 1; ; round += 1) {
        const due = begun + round * dueAfter(delay);
        yield await pause(due - clock.now, value, options);
      }
    })();
  };
}

function waits(former: Pause) {
  return (delay?: unknown, options?: object): Promise<unknown> => {
    if (!here.getStore()?.timers) return former(delay, options);
    return process.getBuiltinModule('node:timers/promises').setTimeout(delay as number, undefined, options);
  };
}

function virtualDate(former: DateConstructor): DateConstructor {
  const now = () => timeHere() ?? former.now();
  return new Proxy(former, {
    construct(target, args, newTarget) {
      const given = args.length === 0 && here.getStore() ? [now()] : args;
      return Reflect.construct(target, given, newTarget);
    },
    apply(target) {
      return here.getStore() ? new target(now()).toString() : target();
    },
    get(target, name, receiver) {
      return name === 'now' ? now : Reflect.get(target, name, receiver);
    },
  });
}

function readsClock(former: () => number) {
  return () => {
    return timeHere() ?? former.call(performance);
  };
}

/** The time in the history that the running code belongs to. A process that reads it has been told of it. */
function timeHere(): number | undefined {
  const place = here.getStore();
  place?.process?.hear(`${place.clock.now}`);
  return place?.clock.now;
}

function timesOut(former: (delay: number) => AbortSignal) {
  return (delay: number): AbortSignal => {
    const place = here.getStore();
    if (!place?.timers) return former.call(AbortSignal, delay);
    const controller = new AbortController();
    const abort = () =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    newTimer(place, abort, delay, false).unref();
    return controller.signal;
  };
}
