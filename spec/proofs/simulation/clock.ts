import { type Happening, Happenings } from './happenings.js';

/** In which order a host that was frozen meets what it missed: Node.js may have stopped before either. */
export type ThawOrder = 'by time' | 'timers first' | 'answers first';

/** A process of the simulation, or its database: a place where code runs, with a clock of its own. */
export class Host {
  /** How far its clock is ahead of the true time, in milliseconds. */
  skew = 0;
  /** Nothing happens to a host while it is frozen, and nothing ever again when it is dead. */
  state: 'runs' | 'frozen' | 'dead' = 'runs';
  /** How many timers its own code has set that have neither fired nor been cleared. */
  timers = 0;
  /** How much of what it missed while it was frozen has not happened yet. */
  overdue = 0;
  /** When it last had made up for what it missed. */
  currentSince = 0;
  /** For how long it was frozen, all told. */
  frozenFor = 0;
  readonly missed: Happening[] = [];
  frozenAt = 0;

  constructor(readonly name: string) {}

  /** Whether its code runs and has heard of all that happened to it. */
  get isCurrent(): boolean {
    return this.state === 'runs' && this.overdue === 0;
  }
}

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  performance: globalThis.performance,
  now: Date.now,
  random: Math.random,
};

/** The one time of a simulation: timers, clocks and chance of the code under test come from here while it is installed. */
export class SimulatedClock {
  /** The true time, which no host knows. */
  now = Date.UTC(2026, 0, 1);
  /** Where the code runs that runs just now. */
  current = new Host('nowhere');
  /** How many happenings there were. */
  steps = 0;
  readonly #happenings = new Happenings();
  #order = 0;

  /** Replaces the process's timers, both clocks and `Math.random` until the answered function is called. */
  install(random: () => number): () => void {
    Object.assign(globalThis, {
      setTimeout: (run: () => void, delay = 0) => this.#startTimer(run, delay),
      clearTimeout: (timer: SimulatedTimer | undefined) => timer?.stop(),
      // Nothing sets it, and it goes on while a host is frozen.
      performance: { now: () => this.now },
    });
    Date.now = () => this.nowAt(this.current);
    Math.random = random;
    return () => {
      Object.assign(globalThis, {
        setTimeout: real.setTimeout,
        clearTimeout: real.clearTimeout,
        performance: real.performance,
      });
      Date.now = real.now;
      Math.random = real.random;
    };
  }

  /** What the host's clock shows. */
  nowAt(host: Host): number {
    return this.now + host.skew;
  }

  /** Lets something happen to `host` in `delay` milliseconds. */
  schedule(host: Host, delay: number, run: () => void, isTimer = false): Happening {
    // Like Node.js's own, no timer fires early, or within the turn in which it was set.
    const at = this.now + Math.max(1, Math.ceil(delay));
    const happening = { at, order: this.#order++, host, run, isTimer, isOver: false, isOverdue: false };
    this.#happenings.push(happening);
    return happening;
  }

  freeze(host: Host): void {
    if (host.state !== 'runs') return;
    host.state = 'frozen';
    host.frozenAt = this.now;
  }

  thaw(host: Host, order: ThawOrder = 'by time'): void {
    if (host.state !== 'frozen') return;
    host.state = 'runs';
    host.frozenFor += this.now - host.frozenAt;
    const missed = host.missed.splice(0);
    if (order !== 'by time') {
      const timersFirst = order === 'timers first';
      missed.sort((a, b) => Number(b.isTimer === timersFirst) - Number(a.isTimer === timersFirst));
    }
    host.overdue = missed.length;
    host.currentSince = this.now;
    for (const happening of missed) {
      this.#happenings.push(
        Object.assign(happening, { at: this.now, order: this.#order++, isOverdue: true }),
      );
    }
  }

  kill(host: Host): void {
    host.state = 'dead';
    host.missed.length = 0;
  }

  /** Lets everything happen until then, one thing after the other, for as long as `goesOn`; answers whether that was all. */
  async run(until: number, goesOn: () => boolean): Promise<boolean> {
    await null;
    for (let next = this.#happenings.pop(); next; next = this.#happenings.pop()) {
      if (next.at > until && !next.isOver && next.host.state !== 'dead') {
        this.#happenings.push(next);
        return false;
      }
      if (!this.#begin(next)) continue;
      next.run();
      await allSettled();
      if (!goesOn()) return true;
    }
    return true;
  }

  /** Whether it is to happen now. */
  #begin(next: Happening): boolean {
    const { host } = next;
    if (host.state === 'dead') return false;
    if (next.isOverdue) {
      host.overdue -= 1;
      host.currentSince = next.at;
    }
    if (next.isOver) return false;
    if (host.state === 'frozen') {
      next.isOverdue = false;
      host.missed.push(next);
      return false;
    }
    this.now = next.at;
    this.current = host;
    this.steps += 1;
    over(next);
    return true;
  }

  #startTimer(run: () => void, delay: number): SimulatedTimer {
    this.current.timers += 1;
    return new SimulatedTimer(this.schedule(this.current, delay, run, true));
  }
}

/** What `setTimeout` returns. */
class SimulatedTimer {
  constructor(readonly happening: Happening) {}

  stop(): void {
    over(this.happening);
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function over(happening: Happening): void {
  if (happening.isOver) return;
  happening.isOver = true;
  if (happening.isTimer) happening.host.timers -= 1;
}

/**
 * Resolves when nothing is left to do for any promise. Node.js takes up its ticks when the microtasks have run out, and
 * the microtasks again after them; so a tick that a microtask asks for comes after all of them, however long their
 * chains are, and without a turn of the event loop, which costs ten times as much.
 */
export function allSettled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
