import { LeaseTerm, noTerm, steadyNow } from '../../process/steady-clock.js';
import { storeMemory } from '../../process/store-memory.js';
import { startTimer } from '../../process/timers.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { Call } from '../call/call.js';

/** How a run of this process ended, for the calls that joined it. */
export type LocalEnd =
  /** With an outcome. */
  | { readonly record: IdempotencyRecord }
  /** Without an outcome that others could have: whoever waits lines up behind one that asks the store. */
  | 'released'
  /** Otherwise: everybody asks the store. */
  | 'ended';

const stores = storeMemory<Map<string, LocalRun>>('local-runs');

/** A call of this process that equal calls of this process join instead of asking the store. */
export class LocalRun {
  #term = new LeaseTerm(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  #end: LocalEnd | undefined;
  /** Wakes those who joined. */
  readonly #joined = new Set<() => void>();
  readonly #runs: Map<string, LocalRun>;
  readonly #slot: string;

  constructor(readonly call: Call) {
    this.#runs = runsOf(call);
    this.#slot = slotOf(call);
  }

  /** For how long it may be joined: as long as its claim holds. */
  get term(): LeaseTerm {
    return this.#term;
  }

  set term(term: LeaseTerm) {
    const isShorter = term.left < this.#term.left;
    this.#term = term;
    // Who joined before the claim was answered learns of its lease now.
    if (isShorter) this.#wake();
  }

  /** Sends away everybody who joined: the claim does not hold any longer. */
  sendAway(): void {
    this.#leave();
    this.term = noTerm;
  }

  /** Lets equal calls join from now on, unless there is another run that they can join. */
  open(): void {
    if (!joinableRun(this.call)) this.#runs.set(this.#slot, this);
  }

  /** Ends the run for everybody who joined. */
  end(end: LocalEnd): void {
    this.#leave();
    this.#end = end;
    this.#wake();
  }

  /** Waits for the end, for as long as the call may wait and the claim holds. */
  join(call: Call): Promise<LocalEnd | undefined> {
    return call.waiting(async () => {
      const until = steadyNow() + call.waitLeft;
      while (!this.#end) {
        const left = Math.min(until - steadyNow(), this.term.left);
        if (left <= 0) return undefined;
        await this.#wokenWithin(left);
      }
      return this.#end;
    });
  }

  // A set and no shared promise: what is chained to a promise stays in memory until it settles.
  #wokenWithin(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        stop();
        this.#joined.delete(wake);
        resolve();
      };
      const stop = startTimer(delay, wake, { isAwaited: true });
      this.#joined.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#joined) wake();
  }

  #leave(): void {
    if (this.#runs.get(this.#slot) === this) this.#runs.delete(this.#slot);
  }
}

/** The run of this process that `call` can join, if there is one whose claim holds. */
export function joinableRun(call: Call): LocalRun | undefined {
  const run = runsOf(call).get(slotOf(call));
  return run && run.term.left > 0 ? run : undefined;
}

/**
 * Joins a run of this process, and after one that was released the next; or becomes the run that others join.
 * Both in one step: of those that a released run leaves behind, one goes to the store and the rest join it.
 */
export function joinOrLead(
  call: Call,
): LocalRun | Promise<LocalRun | { readonly record: IdempotencyRecord }> {
  const own = new LocalRun(call);
  const run = runToJoin(call);
  if (run) return joinAll(call, run, own);
  own.open();
  return own;
}

async function joinAll(
  call: Call,
  first: LocalRun,
  own: LocalRun,
): Promise<LocalRun | { readonly record: IdempotencyRecord }> {
  for (let run: LocalRun | undefined = first; run; run = runToJoin(call)) {
    call.hasSeenHolder = true;
    const end = await run.join(call);
    call.attempt = run.call.attempt;
    call.publish('waited', () => ({}));
    if (typeof end === 'object') return end;
    // A leader that got nothing from the store leaves everybody to ask for themselves.
    if (end === 'ended') return own;
  }
  own.open();
  return own;
}

function runToJoin(call: Call): LocalRun | undefined {
  return call.waitLeft > 0 ? joinableRun(call) : undefined;
}

/** Sends away everybody who joined a run of a key that was taken away from it. */
export function leaveRuns({ store, key }: Pick<Call, 'store' | 'key'>): void {
  for (const run of stores.get(store)?.values() ?? []) if (run.call.key === key) run.sendAway();
}

function runsOf(call: Call): Map<string, LocalRun> {
  const known = stores.get(call.store);
  if (known) return known;
  const runs = new Map<string, LocalRun>();
  stores.set(call.store, runs);
  return runs;
}

// A call with another fingerprint must be refused by the store's answer, so it is no equal call.
function slotOf({ key, fingerprint = '' }: Call): string {
  return `${key} ${fingerprint}`;
}
