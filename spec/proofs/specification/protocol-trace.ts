import type { IdempotencyRecord } from 'retrysafe';

/** What is the same for all of a trace, times in milliseconds. */
export interface TraceRules {
  readonly policy: 'run' | 'refuse' | 'ask';
  readonly lease: number;
  readonly tolerance: number;
  /** How many attempts there may be. Default: any number. */
  readonly attempts?: number;
}

/** How a method ended, or a recovery function. */
export type End = 'returns' | 'fails' | 'lets_run';

/** A write as its sender sends it. */
export interface SentWrite {
  readonly record: IdempotencyRecord;
  /** What it follows; nothing for a claim. */
  readonly token?: string | undefined;
  /** What its sender's clock showed. */
  readonly now: number;
  /** Which call sends it, as far as that is known. */
  readonly call?: number | undefined;
  /** Whether the method gets it, to write it itself. */
  readonly isHandedOut?: boolean;
  /** Of an operator's write: whether it takes the key from a running call. */
  readonly operator?: { readonly isForced: boolean };
}

// As trace.pml has them.
const MOST_CALLS = 30;
/** So many writes of one sender are remembered, the last ones. */
const MOST_WRITES = 32;
const OPERATOR = MOST_CALLS;
const NO_ONE = 255;
const NEVER = 2 ** 31 - 1;
const policies = ['run', 'refuse', 'ask'] as const;
/** The numbers that spin gives them: the last one of a declaration is 1. */
const statuses = { released: 1, unknown: 2, completed: 3, 'in-progress': 4 } as const;
/** When a trace begins, so that what was before it has an instant as well. */
const BEGINNING = 100_000_000;

/**
 * What happened to one key, in the order in which it happened: what its calls did, which writes they sent, and which of them
 * arrived. Each event becomes a line for trace.pml:
 *
 *     <instant> begins|runs|asks|returns|fails|lets_run|gives_up <call> [0 <what the call's clock showed>]
 *     <instant> sends <writer> <n> <its clock> <status> <attempt> <fencing token> <lease> <expiry> <outcome> <special> <after: owner> <after: n>
 *     <instant> arrives <writer> <n>
 *     <instant> answers|answers_unrecorded <call> 0 0 0 0 0 0 0 <outcome>
 */
export class ProtocolTrace {
  /** Why the specification says nothing about this trace, if it does not. */
  leftOut: string | undefined;
  readonly #lines: string[] = [];
  readonly #calls = new Map<number, number>();
  /** Which writer has a token, and with which n. Operators are one writer. */
  readonly #tokens = new Map<string, readonly [writer: number, n: number]>();
  /** Tokens of writes that were sent when what they follow stood. */
  readonly #sent = new Set<string>();
  readonly #owners = new Map<string, number>();
  /** The n of what each writer sent last. */
  readonly #lastSent = new Map<number, number>();
  #standing: IdempotencyRecord | undefined;
  #decisions = 0;

  /** Without blanks. */
  readonly name: string;

  constructor(
    name: string,
    readonly rules: TraceRules,
    readonly start: number,
  ) {
    this.name = name.replaceAll(/\s/g, '-');
  }

  get events(): number {
    return this.#lines.length;
  }

  get text(): string {
    const { policy, lease, tolerance, attempts = 255 } = this.rules;
    const head = `trace ${this.name} ${policies.indexOf(policy)} ${lease} ${tolerance} ${Math.min(attempts, 255)}`;
    return `${[head, ...this.#lines].join('\n')}\n`;
  }

  /** The line of an event, counted from 1. */
  line(event: number): string {
    return this.#lines[event - 1] ?? '';
  }

  begins(at: number, call: number): void {
    if (this.#calls.size === MOST_CALLS) this.leftOut ??= `more than ${MOST_CALLS} calls`;
    else this.#calls.set(call, this.#calls.size);
    this.#event(at, 'begins', this.#number(call));
  }

  runs(at: number, call: number, now: number): void {
    this.#event(at, 'runs', this.#number(call), 0, this.#instant(now));
  }

  asks(at: number, call: number, now: number): void {
    this.#event(at, 'asks', this.#number(call), 0, this.#instant(now));
  }

  ends(at: number, call: number, end: End): void {
    this.#event(at, end, this.#number(call));
  }

  /** The call ends without having run anything. */
  givesUp(at: number, call: number): void {
    this.#event(at, 'gives_up', this.#number(call));
  }

  /** A call returns the outcome of a call, or of an operator where that is nothing. */
  answers(at: number, call: number, outcomeOf: number | undefined, isRecorded: boolean): void {
    const kind = isRecorded ? 'answers' : 'answers_unrecorded';
    const whose = outcomeOf === undefined ? OPERATOR : this.#number(outcomeOf);
    this.#event(at, kind, this.#number(call), 0, 0, 0, 0, 0, 0, 0, whose);
  }

  /** A write that follows what does not stand is left out: it can never arrive. */
  sends(at: number, { record, token, now, call, isHandedOut = false, operator }: SentWrite): void {
    if (token !== undefined && token !== this.#standing?.token) return;
    const { status, attempt, fencingToken } = record.state;
    const isKnown = call !== undefined || this.#owners.has(ownerIn(record.token)) || operator !== undefined;
    if (!isKnown) this.leftOut ??= 'a write of which the sender is not known';
    const [writer, n] = this.#tokenOf(record.token, call);
    // A claim is sent again as it was.
    if (this.#sent.has(record.token)) return;
    this.#sent.add(record.token);
    const lease = 'leaseUntil' in record.state ? record.state.leaseUntil : undefined;
    // The fencing token is the time of the claim, unless that is no more than the one before.
    const isClaim =
      status === 'in-progress' && fencingToken > (token ? (this.#standing?.state.fencingToken ?? 0) + 1 : 0);
    const isStored = record.state.status === 'completed' && record.state.outcome.kind !== 'none';
    const after = token === undefined ? ([0, 0] as const) : this.#tokens.get(token);
    if (!statuses[status] || !after || n > 255) {
      this.leftOut ??= 'a record that the protocol does not have';
      return;
    }
    this.#lastSent.set(writer, n);
    this.#event(
      at,
      'sends',
      writer,
      n,
      this.#instant(isClaim ? fencingToken : now),
      statuses[status],
      attempt,
      this.#instant(fencingToken),
      lease === undefined ? 0 : this.#instant(lease),
      this.#instant(record.expiresAt),
      isStored ? writer : NO_ONE,
      Number(token === undefined || isHandedOut || operator?.isForced === true),
      ...after,
    );
  }

  arrives(at: number, record: IdempotencyRecord): void {
    this.#standing = record;
    const [writer, n] = this.#tokenOf(record.token);
    if ((this.#lastSent.get(writer) ?? n) - n >= MOST_WRITES)
      this.leftOut ??= `a write arrives after ${MOST_WRITES} later ones of its sender`;
    this.#event(at, 'arrives', writer, n);
  }

  #event(at: number, kind: string, ...numbers: readonly number[]): void {
    this.#lines.push([this.#instant(at), kind, ...numbers].join(' '));
  }

  #number(call: number): number {
    const number = this.#calls.get(call);
    if (number === undefined) this.leftOut ??= 'a call of which the trace has no beginning';
    return number ?? NO_ONE;
  }

  #tokenOf(token: string, call?: number): readonly [writer: number, n: number] {
    const known = this.#tokens.get(token);
    if (known) return known;
    const owner = ownerIn(token);
    const writer = this.#owners.get(owner) ?? (call === undefined ? OPERATOR : this.#number(call));
    this.#owners.set(owner, writer);
    if (writer === OPERATOR) this.#decisions += 1;
    const own = [
      writer,
      writer === OPERATOR ? this.#decisions : Number(token.slice(owner.length + 1)),
    ] as const;
    this.#tokens.set(token, own);
    return own;
  }

  #instant(at: number): number {
    return Math.max(0, Math.min(NEVER, at - this.start + BEGINNING));
  }
}

function ownerIn(token: string): string {
  return token.slice(0, token.lastIndexOf('.'));
}
