import type { Does, Happening } from './happening.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { World } from './world.js';

type Fault = Extract<Happening, { readonly what: 'fault' }>;

/** Of a key that `deriveKey` made: a UUID of version 8. */
const derivedKeys = /"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/g;

/** What was done in a history, as one who looks for its fault reads it. */
export class Facts {
  readonly happenings: readonly Happening[];
  /** Effects and transactions, in their order. */
  readonly effects: readonly Does[];
  /** The records that were written, in their order. */
  readonly writes: readonly Does[];
  /** Of effects and transactions, not of the store. */
  readonly faults: readonly Fault[];

  constructor(readonly world: World) {
    this.happenings = world.happenings;
    const done = world.happenings.filter((one): one is Does => one.what === 'does');
    this.effects = done.filter(({ kind }) => kind !== 'store');
    this.writes = done.filter(({ kind }) => kind === 'store');
    this.faults = world.happenings.filter((one): one is Fault => one.what === 'fault' && isEffect(one.name));
  }

  /** Whether all went as it does where nothing fails. */
  get isFaultless(): boolean {
    return !this.happenings.some(
      (one) => one.what === 'fault' || (one.what === 'begins' && one.why === 'redelivery'),
    );
  }

  /** The key under which a process has written a record, if it has. */
  readonly keyOf = (process: SimulatedProcess): string | undefined =>
    this.writes.find((write) => write.process === process)?.record?.key;

  /** Whether it was done before its process had written a record. */
  readonly isOutside = (one: Does): boolean =>
    !this.writes.some(({ process, at }) => process === one.process && at <= one.at);

  /** The write by which a process took over what another one had begun. */
  takeoverBy(process: SimulatedProcess): Does | undefined {
    return this.writes.find(
      ({ process: own, before, record }) =>
        own === process &&
        record?.state.status === 'in-progress' &&
        before?.state.status === 'in-progress' &&
        ownerOf(before.token) !== ownerOf(record.token),
    );
  }

  /** The times that the same was done for one request: what has the same arguments but for keys, else what has the same name. */
  repeats(one: Does): Does[] {
    const key = this.keyOf(one.process);
    const candidates = this.effects.filter(
      (other) => other.name === one.name && 'value' in other.done && this.keyOf(other.process) === key,
    );
    const same = candidates.filter((other) => other === one || withoutKeys(other) === withoutKeys(one));
    if (same.length > 1 || key === undefined) return same;
    return candidates.filter((other) => other === one || other.process !== one.process);
  }
}

/** The keys in its arguments that `deriveKey` made. */
export function derivedKeysOf(one: Does): string[] {
  return wholeTextOf(one).match(derivedKeys) ?? [];
}

/** What it was called with, but for keys that `deriveKey` made. */
export function withoutKeys(one: Does): string {
  return wholeTextOf(one).replace(derivedKeys, '""');
}

/** The part of a token that all versions of one claim have. */
export function ownerOf(token: string): string {
  return token.split('.')[0] ?? '';
}

/** Whether a name is that of an effect or a transaction, and not of an operation of the store. */
export function isEffect(name: string): boolean {
  return name !== 'claim' && name !== 'replace' && name !== 'find' && name !== 'complete';
}

function wholeTextOf({ args, told }: Does): string {
  try {
    return `${JSON.stringify(args)} ${told}`;
  } catch {
    return told;
  }
}
