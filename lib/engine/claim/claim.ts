import type { StoreStep } from '../../errors.js';
import { LeaseTerm, noTerm } from '../../process/steady-clock.js';
import { type IdempotencyRecord, isRecordOf } from '../../record/persistence-store.js';
import { FORMAT, type InProgressState, type RecordState } from '../../record/record.js';
import type { Call } from '../call/call.js';
import { type CallLimits, type StoreResult, WrongResult } from '../call/store-calls.js';
import { newOwner } from './owner.js';

/** What became of a write. */
export type WriteResult =
  /** It stands. */
  | { readonly kind: 'written' }
  /** An earlier write of ours stands, whose answer we never got: go on from there. */
  | { readonly kind: 'earlier-write' }
  /** Somebody else holds the key. */
  | { readonly kind: 'taken'; readonly holder: IdempotencyRecord }
  /** Nobody holds the key. */
  | { readonly kind: 'missing' }
  /** Nobody knows. To be followed by another write, never by a read. */
  | { readonly kind: 'unanswered'; readonly fault: unknown; readonly isLate?: true };

type Unsent<State> = State extends RecordState ? Omit<State, 'format' | 'fingerprint'> : never;

/** One call's right to run: its owner, the writes it sent, and the last of them that is known to stand. */
export class Claim {
  readonly #owner = newOwner();
  #sent = 0;
  #confirmed: IdempotencyRecord | undefined;
  #term = noTerm;
  /** Of what was sent and may come to stand, by token. */
  readonly #sentTerms = new Map<string, LeaseTerm>();
  #isInDoubt = false;
  #showedEarlierWrite = false;

  constructor(readonly call: Call) {}

  /** The last record of ours that was confirmed. */
  get confirmed(): IdempotencyRecord {
    if (!this.#confirmed) throw new TypeError('nothing of this claim is known to stand');
    return this.#confirmed;
  }

  /** Whether something was sent after the last confirmed record that may stand by now, or come to stand. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** For how long the last confirmed record lets us run. */
  get term(): LeaseTerm {
    return this.#term;
  }

  /** A record to send, under a token that no other record ever bears. */
  draft(
    state: Unsent<RecordState>,
    expiresAt: number,
    { fingerprint }: Pick<Call, 'fingerprint'> = this.call,
  ): IdempotencyRecord {
    this.#sent += 1;
    const full = {
      format: FORMAT,
      ...state,
      ...(fingerprint !== undefined && { fingerprint }),
    } as RecordState;
    return { key: this.call.key, token: `${this.#owner}.${this.#sent}`, expiresAt, state: full };
  }

  draftInProgress({ attempt, fencingToken }: Pick<InProgressState, 'attempt' | 'fencingToken'>) {
    const term = this.call.newTerm();
    const state = {
      status: 'in-progress' as const,
      attempt,
      fencingToken,
      startedAt: this.call.startedAt,
      leaseUntil: term.until,
    };
    const record = this.draft(state, this.call.unresolvedExpiry(term.until));
    this.#sentTerms.set(record.token, term);
    return record;
  }

  /** Claims the key with `record`, as seen at `now`. */
  async claim(
    record: IdempotencyRecord,
    now: number,
    limits: Partial<CallLimits> = {},
  ): Promise<Exclude<WriteResult, { kind: 'missing' }>> {
    const check = (holder: IdempotencyRecord) => {
      this.#checkOwn('claim', record, holder);
      if (holder?.token !== record.token && !(holder?.expiresAt > now))
        throw new WrongResult('claim', 'no record that holds the key');
      checkRecord('claim', record.key, holder);
    };
    const answer = await this.call.ask('claim', () => this.call.store.claim(record, now), limits, check);
    return this.#read(record, answer) as Exclude<WriteResult, { kind: 'missing' }>;
  }

  /** Puts `record` after the one that bears `token`: our last confirmed one, or one that is taken over. */
  async follow(
    record: IdempotencyRecord,
    token = this.confirmed.token,
    limits: Partial<CallLimits> = {},
  ): Promise<WriteResult> {
    const check = (holder: IdempotencyRecord | undefined) => {
      if (holder?.token === token)
        throw new WrongResult('replace', 'the record that it should have replaced');
      this.#checkOwn('replace', record, holder);
      checkRecord('replace', record.key, holder);
    };
    const send = () => this.call.store.replace(record, token);
    return this.#read(record, await this.call.ask('replace', send, limits, check));
  }

  /** Lengthens the lease by a new record after the last confirmed one. */
  renew(change: { readonly attempt?: number } = {}, limits: Partial<CallLimits> = {}): Promise<WriteResult> {
    const { status, attempt, fencingToken } = this.confirmed.state;
    // What ended the claim already is never written over.
    if (status !== 'in-progress') return Promise.resolve({ kind: 'earlier-write' });
    return this.follow(this.draftInProgress({ attempt, fencingToken, ...change }), undefined, limits);
  }

  isOurs(record: IdempotencyRecord): boolean {
    return record.token.startsWith(`${this.#owner}.`);
  }

  // Of what was sent in doubt only one write can come to stand: after that one there is no other.
  #checkOwn(step: StoreStep, sent: IdempotencyRecord, holder: IdempotencyRecord | undefined): void {
    if (!this.#showedEarlierWrite || !holder || holder.token === sent.token || !this.isOurs(holder)) return;
    throw new TypeError(`${step}() resolved to one earlier record of this call after another`);
  }

  #read(sent: IdempotencyRecord, answer: StoreResult<IdempotencyRecord | undefined>): WriteResult {
    this.#isInDoubt = 'fault' in answer;
    this.#showedEarlierWrite = false;
    if ('fault' in answer) return { kind: 'unanswered', ...answer };
    const holder = answer.value;
    if (!holder) return { kind: 'missing' };
    if (!this.isOurs(holder)) return { kind: 'taken', holder };
    const isSent = holder.token === sent.token;
    this.#confirmed = isSent ? sent : holder;
    this.#term = this.#termOf(this.#confirmed);
    this.#sentTerms.clear();
    this.#showedEarlierWrite = !isSent;
    return { kind: isSent ? 'written' : 'earlier-write' };
  }

  #termOf({ token, state }: IdempotencyRecord): LeaseTerm {
    if (state.status !== 'in-progress') return noTerm;
    // A database that lost its last writes may show one that was confirmed before.
    return this.#sentTerms.get(token) ?? new LeaseTerm(state.leaseUntil, this.call.newTerm().endsAt);
  }
}

function checkRecord(step: StoreStep, key: string, holder: IdempotencyRecord | undefined): void {
  if (!holder || isRecordOf(key, holder)) return;
  throw new WrongResult(step, 'a value that is not a record');
}
