import { chance } from './chance.js';
import { digest } from './digest.js';
import type { Place, ProcessOfPlace, UnwrappedIo } from './place.js';
import type { VirtualTimer } from './virtual-timer.js';

/**
 * What a process is doing. `lapsing`: it is alive, and hears nothing until its claim has lapsed. `suspended`: it stands still, with its
 * timers. `dead`: nothing of it ever goes on.
 */
export type ProcessState = 'alive' | 'lapsing' | 'suspended' | 'dead';

/** A process of a history. Its code runs where `here` has its place; what it waits for, it gets in the order that is tried. */
export class SimulatedProcess implements Place {
  readonly process = this;
  readonly timers = new Set<VirtualTimer>();
  readonly steady = { last: 0, ahead: 0 };
  /** What the library remembers in this process. */
  readonly memories: ProcessOfPlace['memories'] = new Map();
  readonly chance: () => number;
  state: ProcessState = 'alive';
  /** A digest of everything that it was told: its code does the same where it was told the same. */
  heard = 0;
  /** What it has reached outside of the simulation. */
  reached: UnwrappedIo | undefined;
  /** What it had heard when it was waited for in vain. */
  waitedOutAt: number | undefined;
  /** From when on another process may take over what it holds, as its last record says. */
  lapsesAt = Number.NEGATIVE_INFINITY;
  /** How many of its operations there were. */
  operations = 0;
  /** How many of its operations were done at once since it has changed something, or time has passed. */
  quietAnswers = 0;
  /** How many owners of records it has had. */
  owners = 0;

  constructor(
    readonly clock: { readonly now: number },
    /** As stories call it. */
    readonly name: string,
    readonly number: number,
    /** Which of the calls it makes, and which delivery of it. */
    readonly call: { readonly index: number; readonly delivery: number },
    seed: number,
  ) {
    this.chance = chance(seed * 1_009 + number);
  }

  /** Takes note of what it is told. */
  hear(what: string): void {
    this.heard = digest(what, this.heard);
  }
}
