import type { IdempotencyRecord, PersistenceStore } from 'retrysafe';
import type { Operation, Version } from './database.js';
import { Fingerprint } from './fingerprint.js';

/** A request on its way. */
export interface Request {
  /** Which process sent it, and as its how manieth: what it asks follows from what that process has seen. */
  readonly id: string;
  readonly process: Process;
  readonly operation: Operation;
  /** `fresh`: just sent, time stands still. `held`: applied at any later time. `answered`: its answer is on its way. */
  status: 'fresh' | 'held' | 'answered';
  /** Whether its answer may take its time. */
  isSlow: boolean;
  answer: Version | undefined;
  readonly resolve: (record: IdempotencyRecord | undefined) => void;
  readonly reject: (error: Error) => void;
}

type Send = (process: Process, operation: Operation) => Promise<IdempotencyRecord | undefined>;

/**
 * One process of the application, and the store object through which it reaches the database. What its code does follows
 * from what it has been told, and when: so its state is known by the fingerprint of that.
 */
export class Process implements PersistenceStore {
  readonly seen = new Fingerprint();
  sent = 0;
  isAlive = true;
  /** While it is suspended, until when. */
  suspendedUntil: number | undefined;

  constructor(
    readonly index: number,
    /** Milliseconds by which its clock is ahead. */
    public skew: number,
    readonly send: Send,
  ) {}

  get isRunning(): boolean {
    return this.isAlive && this.suspendedUntil === undefined;
  }

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.send(this, { kind: 'claim', record: frozen(record), now }) as Promise<IdempotencyRecord>;
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.send(this, { kind: 'replace', record: frozen(record), token });
  }

  find(_key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    return this.send(this, { kind: 'find', isConsistent: options?.consistent === true });
  }
}

// Nothing may change what was sent or returned: it is the same object as in the database.
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
