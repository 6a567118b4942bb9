import { onIdempotencyEvent } from '../../events.js';
import type { RatedEvent, RatesReport } from './rates-report.js';

const ratedEvents = [
  'completed',
  'replayed',
  'refused',
  'remembered',
  'released',
  'unknown',
  'taken-over',
  'claim-lost',
  'store-failed',
] as const satisfies readonly RatedEvent[];

const MINUTE_MS = 60_000;
const KEPT_MINUTES = 60;
/** An operation has a name in the code, so there are few. What is counted stays bounded where a program makes names of data. */
const MOST_OPERATIONS = 100;

type Counting = Partial<Record<RatedEvent, number>>;

interface Minute {
  readonly at: number;
  readonly operations: Map<string, Counting>;
  others?: Counting;
}

/** Counts events by operation and minute, for the last hour. */
export class Rates {
  readonly #since = Date.now();
  readonly #minutes: Minute[] = [];

  count(event: RatedEvent, operation: string): void {
    const minute = this.#minute();
    const counts = countsOf(minute, operation);
    counts[event] = (counts[event] ?? 0) + 1;
  }

  report(): RatesReport {
    this.#forget(Date.now());
    const minutes = this.#minutes.map(({ at, operations, others }) => ({
      at,
      operations: [...operations].map(([operation, counts]) => ({ operation, counts })),
      ...(others && { others }),
    }));
    return { since: this.#since, minutes };
  }

  #minute(): Minute {
    const now = Date.now();
    const at = now - (now % MINUTE_MS);
    const last = this.#minutes.at(-1);
    // A clock that was set back counts on in the minute that it has reached.
    if (last && last.at >= at) return last;
    const minute: Minute = { at, operations: new Map() };
    this.#minutes.push(minute);
    this.#forget(now);
    return minute;
  }

  #forget(now: number): void {
    const isOver = ({ at }: Minute) => at <= now - KEPT_MINUTES * MINUTE_MS;
    while (this.#minutes[0] && isOver(this.#minutes[0])) this.#minutes.shift();
  }
}

function countsOf(minute: Minute, operation: string): Counting {
  const known = minute.operations.get(operation);
  if (known) return known;
  if (minute.operations.size >= MOST_OPERATIONS) {
    minute.others ??= {};
    return minute.others;
  }
  const counts: Counting = {};
  minute.operations.set(operation, counts);
  return counts;
}

let ofProcess: Rates | undefined;

/** The rates of this process. The first call begins to count: events are not even made where nobody listens. */
export function ratesOfProcess(): Rates {
  if (ofProcess) return ofProcess;
  const rates = new Rates();
  ofProcess = rates;
  for (const name of ratedEvents) onIdempotencyEvent(name, ({ operation }) => rates.count(name, operation));
  return rates;
}
