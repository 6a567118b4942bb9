import { type Channel, channel } from 'node:diagnostics_channel';
import { type IdempotencyEvent, type IdempotencyEventName, onIdempotencyEvent } from 'retrysafe';

export const eventNames = [
  'claimed',
  'replayed',
  'waited',
  'refused',
  'taken-over',
  'renewed',
  'claim-lost',
  'completed',
  'released',
  'remembered',
  'unknown',
  'resolved',
  'outcome-not-stored',
  'store-failed',
  'option-failed',
] as const satisfies readonly IdempotencyEventName[];

export interface RecordedEvent extends IdempotencyEvent {
  readonly name: IdempotencyEventName;
  readonly [detail: string]: unknown;
}

/** Listens to every event in both ways that there are, until `stop` is called. */
export class RecordedEvents {
  /** What `onIdempotencyEvent` told. */
  readonly typed: RecordedEvent[] = [];
  /** What the channels of `node:diagnostics_channel` told. */
  readonly raw: RecordedEvent[] = [];
  readonly #stops: (() => void)[] = [];

  constructor() {
    for (const name of eventNames) {
      this.#stops.push(onIdempotencyEvent(name, (event) => this.typed.push({ ...event, name })));
      const source: Channel = channel(`retrysafe:${name}`);
      const listener = (event: unknown) => this.raw.push({ ...(event as IdempotencyEvent), name });
      source.subscribe(listener);
      this.#stops.push(() => source.unsubscribe(listener));
    }
  }

  get names(): IdempotencyEventName[] {
    return this.typed.map(({ name }) => name);
  }

  named(name: IdempotencyEventName): RecordedEvent[] {
    return this.typed.filter((event) => event.name === name);
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}
