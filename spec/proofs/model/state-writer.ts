import type { IdempotencyRecord, RecordState } from 'retrysafe';
import type { Caller, Work } from './caller.js';
import { CallerOrder } from './caller-order.js';
import { isDone } from './choices.js';
import type { CallState, MethodEnd, Phase, Term } from './engine.js';
import { isTooEarly, numberOf, ownerOf } from './invariants.js';
import { times } from './scenario.js';
import type { Setting } from './setting.js';
import { type Process, type Request, runIn, start, type World } from './world.js';

const phases: Record<Phase, number> = {
  new: 0,
  joining: 1,
  peeking: 2,
  claiming: 3,
  'taking-over': 4,
  lengthening: 5,
  'giving-back': 6,
  retrying: 7,
  waiting: 8,
  looking: 9,
  probing: 10,
  recovering: 11,
  counting: 12,
  running: 13,
  ending: 14,
  checking: 15,
  recording: 16,
  resting: 17,
  inspecting: 18,
  freeing: 19,
  yielding: 20,
  done: 21,
  exhausting: 22,
};
const claims: Record<CallState['claim'], number> = {
  none: 0,
  held: 1,
  renewing: 2,
  lost: 3,
  ended: 4,
  open: 5,
};
const statuses: Record<RecordState['status'], number> = {
  'in-progress': 0,
  completed: 1,
  unknown: 2,
  released: 3,
};
const works: Record<Work, number> = { none: 0, method: 1, recovery: 2, asking: 3, committing: 4, nesting: 5 };
const states: Record<Caller['state'], number> = { idle: 0, calling: 1, ended: 2, crashed: 2 };
const notices: Record<Caller['notice'], number> = { none: 0, fresh: 1, late: 2 };
const requestStates: Record<Request['status'], number> = { fresh: 0, held: 1, answered: 2 };
const kinds: Record<Request['operation']['kind'], number> = { claim: 0, replace: 1, commit: 2, find: 3 };
const heardNotices: Record<CallState['notices'], number> = { unknown: 0, on: 1, none: 2 };

/** What becomes of each part of a call's state in a hash. A part that is added to it is missing here until it is decided. */
type Part =
  /** It is written as it is, or as a length of time. */
  | 'written'
  /** It is written in those phases that may read it. */
  | 'written where it is read'
  /** It is the same in all histories, or only told. */
  | 'left out';
export const parts: Record<keyof CallState, Part> = {
  id: 'left out',
  purpose: 'left out',
  key: 'left out',
  fingerprint: 'left out',
  owner: 'left out',
  slot: 'left out',
  stopsWithAnswer: 'left out',
  by: 'left out',
  traceparent: 'left out',
  resolution: 'left out',
  endsAt: 'written',
  startedAt: 'written where it is read',
  phase: 'written',
  phaseSince: 'written where it is read',
  dueAt: 'written',
  isAnswered: 'written',
  attempt: 'left out',
  latestRun: 'written',
  hasSeenHolder: 'written where it is read',
  request: 'written',
  requests: 'left out',
  tries: 'written',
  claims: 'written where it is read',
  turns: 'written where it is read',
  looks: 'written',
  waitedMs: 'written',
  claim: 'written',
  sent: 'left out',
  confirmed: 'written',
  term: 'written',
  sentTerms: 'written where it is read',
  isInDoubt: 'written',
  showedEarlierWrite: 'written',
  holder: 'written where it is read',
  takenOver: 'written where it is read',
  renewUntil: 'written where it is read',
  renewsAt: 'written where it is read',
  mayRenew: 'written',
  asks: 'written',
  issued: 'written',
  lapsesAt: 'written where it is read',
  lookUntil: 'written where it is read',
  mayLookAt: 'written where it is read',
  notices: 'written',
  isNoticed: 'written',
  leader: 'written',
  followers: 'written',
  told: 'written',
  joinsFrom: 'written',
  joinableFor: 'written',
  hasRun: 'written',
  end: 'written where it is read',
  recording: 'written where it is read',
  freesUntil: 'written where it is read',
};

const noHashes: readonly number[] = [];
const endless = 0x3fff_ffff;
/** From then on nothing in a history depends on when a record expires. */
const farAway = 1_000_000;

/** Numbers that grow, such as those in tokens: only their order counts. */
class Ranks {
  readonly #values = new Float64Array(256);
  readonly #places = new Uint16Array(256);
  #count = 0;

  add(value: number, place: number): void {
    this.#values[this.#count] = value;
    this.#places[this.#count] = place;
    this.#count += 1;
  }

  /** Writes the rank of each value at its place. */
  write(into: Int32Array): void {
    const values = this.#values;
    const count = this.#count;
    for (let one = 0; one < count; one += 1) {
      const value = values[one] as number;
      let rank = 0;
      for (let other = 0; other < count; other += 1) {
        const it = values[other] as number;
        // Equal ones count once: the first of them.
        if (it < value && isFirst(values, other)) rank += 1;
      }
      into[this.#places[one] as number] = rank;
    }
    this.#count = 0;
  }
}

function isFirst(values: Float64Array, at: number): boolean {
  for (let before = 0; before < at; before += 1) if (values[before] === values[at]) return false;
  return true;
}

/**
 * Writes what the future of a state depends on as numbers, so that states with the same future get the same hash: times as
 * lengths from now on, what is past beyond tolerance and skew as past, tokens by their ranks, requests as a set.
 */
export class StateWriter {
  low = 0;
  high = 0;
  #to = new Int32Array(4_096);
  #at = 0;
  #now = 0;
  #world!: World;
  readonly #fences = new Ranks();
  readonly #numbers: readonly Ranks[] = Array.from({ length: 10 }, () => new Ranks());
  /** By what name each caller is written, and in which order callers and processes are. */
  readonly #order: CallerOrder;

  constructor(setting: Setting) {
    this.#order = new CallerOrder(setting);
  }

  /** Hashes a state into `low` and `high`. */
  hash(world: World): void {
    this.#world = world;
    this.#now = world.now;
    this.#order.sort(world);
    this.#at = 0;
    const ends: number[] = [];
    for (const request of world.requests) {
      this.#request(request);
      ends.push(this.#at);
    }
    const restFrom = this.#at;
    this.#rest();
    this.#fences.write(this.#to);
    for (const ranks of this.#numbers) ranks.write(this.#to);
    const hashes = this.#hashRequests(ends);
    this.#hashPart(restFrom, this.#at);
    for (const hash of hashes) this.#mix(hash);
    this.low = avalanche(this.low ^ (this.high >>> 9));
    this.high = avalanche(this.high ^ Math.imul(this.low, 0x9e37_79b1));
  }

  /** The requests are a set: their order does not count. */
  #hashRequests(ends: readonly number[]): readonly number[] {
    if (ends.length === 0) return noHashes;
    const hashes: number[] = [];
    let begin = 0;
    for (const end of ends) {
      this.#hashPart(begin, end);
      // A number of 53 bits, which sorts as one.
      hashes.push(avalanche(this.low) * 0x20_0000 + (avalanche(this.high) >>> 11));
      begin = end;
    }
    return hashes.length > 1 ? hashes.sort((a, b) => a - b) : hashes;
  }

  #hashPart(from: number, end: number): void {
    const to = this.#to;
    let low = 0x9e37_79b9 ^ (end - from);
    let high = 0x85eb_ca6b;
    for (let at = from; at < end; at += 1) {
      const value = to[at] as number;
      low = Math.imul(((low << 5) | (low >>> 27)) ^ value, 0x2722_0a95);
      high = Math.imul(((high << 9) | (high >>> 23)) ^ value, 0x5bd1_e995);
    }
    this.low = low;
    this.high = high;
  }

  #mix(hash: number): void {
    const value = hash | 0;
    const more = Math.trunc(hash / 0x1_0000_0000);
    this.low = Math.imul(((this.low << 5) | (this.low >>> 27)) ^ value, 0x2722_0a95) + more;
    this.high = Math.imul(((this.high << 9) | (this.high >>> 23)) ^ value, 0x5bd1_e995) ^ more;
  }

  #rest(): void {
    const { isOver, faults, versions, processes, callers, invariants } = this.#world;
    const { scenario, readsStale } = this.#world.setting;
    const hasFaults = faults < scenario.mostFaults && !isDone(this.#world);
    this.#put(isOver ? 1 : 0);
    this.#put(hasFaults ? faults : scenario.mostFaults);
    for (let key = 0; key < versions.length; key += 1) {
      const all = versions[key] as readonly IdempotencyRecord[];
      this.#put(all.length === 0 ? 0 : 1);
      const from = hasFaults && readsStale ? 0 : Math.max(0, all.length - 1);
      for (let at = from; at < all.length; at += 1) this.#record(all[at] as IdempotencyRecord);
    }
    const { processOrder, callerOrder } = this.#order;
    for (const index of processOrder) this.#process(processes[index] as Process, hasFaults);
    for (const index of callerOrder) this.#caller(callers[index] as Caller);
    for (const ledger of invariants.ledgers) {
      this.#put(ledger.runsLeft);
      this.#put(this.#nameOf(ledger.answer));
      this.#put(ledger.attempts);
      this.#put(ledger.permitted);
      this.#put(ledger.epoch);
      this.#put(ledger.settledEpoch);
      // The recovery function returns it.
      if (typeof this.#world.setting.rules.onAbandoned === 'function')
        this.#put(this.#nameOf(ledger.lastRun));
    }
  }

  /** As what a caller is written: equal ones have the same future, whichever of them it is. */
  #nameOf(caller: number): number {
    return caller < 0 ? -1 : (this.#order.names[caller] as number);
  }

  #put(value: number): void {
    this.#to[this.#at++] = value;
  }

  #bits(...bits: boolean[]): void {
    let all = 0;
    for (const bit of bits) all = all * 2 + (bit ? 1 : 0);
    this.#put(all);
  }

  /** A time of the steady clock. All that are as long ago as `least` are the same. */
  #steady(at: number, least = 0): void {
    this.#length(at - this.#now, least);
  }

  /** A time of the wall clocks. */
  #wall(at: number, least: number): void {
    this.#length(at - start - this.#now, least);
  }

  #length(length: number, least: number): void {
    this.#put(length === Number.POSITIVE_INFINITY ? endless : Math.max(length, least));
  }

  #term({ until, endsAt }: Term): void {
    const isOver = endsAt <= this.#now;
    this.#steady(endsAt);
    if (isOver) this.#put(0);
    else this.#wall(until, -times.clockTolerance);
  }

  /** A fencing token, or the time of a claim that becomes one. Later ones are greater than all that are past. */
  #fence(value: number): void {
    const length = value - start - this.#now;
    if (length >= 0) {
      this.#put(length === Number.POSITIVE_INFINITY ? endless : length + 1_000);
      return;
    }
    this.#fences.add(value, this.#at);
    this.#put(0);
  }

  #number(owner: number, number: number): void {
    (this.#numbers[owner] as Ranks).add(number, this.#at);
    this.#put(0);
  }

  #record(record: IdempotencyRecord | undefined): void {
    if (!record) {
      this.#put(-1);
      return;
    }
    const { state, expiresAt } = record;
    const owner = ownerOf(record);
    this.#put(this.#nameOf(owner));
    this.#number(owner, numberOf(record));
    this.#state(state);
    this.#expiry(expiresAt);
  }

  #state(state: RecordState): void {
    this.#put(statuses[state.status]);
    this.#put(state.attempt);
    if (this.#world.setting.rules.maxAttempts !== Number.POSITIVE_INFINITY) {
      const { recoveries, permitted, exhausted } = state;
      this.#put(recoveries?.count ?? 0);
      this.#put(permitted ?? 0);
      this.#put(exhausted ?? 0);
    }
    this.#fence(state.fencingToken);
    // For other processes it has lapsed at the end of the tolerance, whatever their clocks say.
    if (state.status === 'in-progress') this.#wall(state.leaseUntil, -times.clockTolerance);
    else if (state.status === 'completed') this.#put(this.#nameOf(runIn({ state } as IdempotencyRecord)));
  }

  #expiry(expiresAt: number): void {
    const length = expiresAt - start - this.#now;
    this.#put(length > farAway ? endless : Math.max(length, -times.clockTolerance));
  }

  #request(request: Request): void {
    const { caller: index, n, operation, sentAt, status, isSlow, isRepeated, answer } = request;
    const caller = this.#world.callers[index] as Caller;
    this.#put(this.#nameOf(index));
    this.#put(kinds[operation.kind]);
    this.#put(requestStates[status]);
    this.#bits(isSlow, isRepeated, caller.awaits === n);
    if (status === 'answered') this.#record(answer);
    if (operation.kind === 'find') {
      this.#bits(operation.isConsistent);
      return;
    }
    const { record } = operation;
    this.#record(record);
    const isApplied = (this.#world.invariants.applied[index] as number) & (1 << numberOf(record));
    this.#put(isApplied ? 1 : 0);
    const holder = this.#world.holderOf(caller.facts.key);
    if (operation.kind === 'claim') {
      const isNear = holder && holder.expiresAt - start - this.#now <= farAway;
      this.#put(isNear ? operation.now - start - this.#now : 0);
      return;
    }
    const owner = ownerOf(operation);
    this.#put(this.#nameOf(owner));
    this.#number(owner, numberOf(operation));
    const before = holder?.token === operation.token ? holder.state : undefined;
    const isLapsed = before?.status === 'in-progress' && record.state.status === 'in-progress';
    this.#bits(isLapsed && isTooEarly(before, sentAt));
  }

  #process({ state, isAlive, suspendedUntil, skew, hasJumped }: Process, hasFaults: boolean): void {
    this.#bits(isAlive, hasJumped && hasFaults);
    if (!isAlive) return;
    this.#put(skew);
    this.#steady(suspendedUntil ?? Number.POSITIVE_INFINITY);
    for (const [, id] of state.leaders) this.#put(this.#nameOf(id - 1));
    for (const index of this.#order.callerOrder) {
      const call = state.calls.get(index + 1);
      if (!call) continue;
      this.#put(this.#nameOf(index));
      this.#call(call);
    }
  }

  #caller(caller: Caller): void {
    const { state, work, isAborted, hasFailed, isOpen, isUnrecorded, isGranted, hasRecovered, runs } = caller;
    this.#put(states[state]);
    this.#bits(isAborted, hasFailed, isOpen, isUnrecorded, isGranted, hasRecovered, caller.hasToldEnd);
    this.#put(runs);
    this.#put(caller.epoch);
    this.#put(caller.attemptsBefore);
    if (state !== 'calling') return;
    this.#put(works[work]);
    this.#put(this.#nameOf(caller.value));
    this.#put(caller.waited);
    this.#put(caller.bornIn);
    this.#put(caller.claimsTold);
    this.#steady(caller.alarmAt);
    this.#bits(caller.awaits !== 0, caller.isListening, caller.awaitsNotice);
    this.#put(notices[caller.notice]);
  }

  #call(call: CallState): void {
    const { phase, claim } = call;
    const { rules } = this.#world.setting;
    this.#put(phases[phase]);
    this.#put(claims[claim]);
    this.#bits(
      call.isAnswered,
      call.isInDoubt,
      call.showedEarlierWrite,
      call.mayRenew,
      call.hasRun,
      call.isNoticed,
      call.joinsFrom === 'waiting',
    );
    this.#put(heardNotices[call.notices]);
    this.#put(call.tries);
    this.#steady(call.dueAt);
    this.#steady(call.endsAt, -times.wait);
    this.#fence(call.latestRun === Number.NEGATIVE_INFINITY ? -1 : call.latestRun);
    this.#ownRequest(call);
    this.#record(call.confirmed);
    this.#term(call.term);
    this.#term(call.joinableFor);
    this.#sentTerms(call);
    this.#record(call.issued);
    this.#asks(call);
    this.#joins(call);
    if (rules.onStoreFailure === 'run') {
      this.#bits(call.hasSeenHolder, call.claims > 0);
      this.#fence(call.startedAt);
    }
    if (call.purpose !== 'run') this.#steady(call.freesUntil);
    this.#waits(call);
    this.#runs(call);
  }

  #ownRequest({ request }: CallState): void {
    if (!request) {
      this.#put(-1);
      return;
    }
    const { renews, record, giveUpAt } = request;
    this.#put(renews === undefined ? 0 : renews === 'lease' ? 1 : 2);
    this.#steady(giveUpAt);
    this.#record(record);
  }

  // Those that are neither in the store nor on their way come to stand nowhere.
  #sentTerms({ sentTerms, key }: CallState): void {
    for (const { token, term } of sentTerms) {
      if (!this.#isAlive(token, key)) continue;
      this.#number(ownerOf({ token }), numberOf({ token }));
      this.#term(term);
    }
    this.#put(-1);
  }

  #isAlive(token: string, key: string): boolean {
    const { requests, versions, setting } = this.#world;
    const all = versions[setting.keys.indexOf(key)] as readonly IdempotencyRecord[];
    if (all.some((one) => one.token === token)) return true;
    return requests.some(
      ({ operation, answer }) =>
        answer?.token === token || (operation.kind !== 'find' && operation.record.token === token),
    );
  }

  #asks({ asks }: CallState): void {
    for (const { patienceEndsAt, tries, hasRenewed } of asks) {
      this.#steady(patienceEndsAt);
      this.#put(tries);
      this.#bits(hasRenewed);
    }
    this.#put(-1);
  }

  #joins({ leader, followers, told }: CallState): void {
    this.#put(leader === undefined ? -1 : this.#nameOf(leader - 1));
    for (const id of followers) this.#put(this.#nameOf(id - 1));
    this.#put(-1);
    if (!told) return;
    const { end } = told;
    if (typeof end === 'object') this.#record(end.record);
    else this.#put(end.length);
  }

  #waits(call: CallState): void {
    const { phase } = call;
    const { rules, scenario } = this.#world.setting;
    const isWaiting = phase === 'joining' || phase === 'waiting' || phase === 'looking';
    const counts = isWaiting || phase === 'retrying' || phase === 'probing';
    const waited = call.waitedMs + (counts ? this.#now - call.phaseSince : 0);
    this.#put(Math.min(waited, rules.wait));
    this.#put(Math.min(call.looks, 5));
    this.#put(call.claim === 'none' || counts || phase === 'yielding' ? Math.min(call.turns, 6) : 0);
    if (isWaiting) {
      this.#wall(call.lapsesAt, 0);
      this.#steady(call.lookUntil);
      if (scenario.hasNotices)
        this.#steady(call.mayLookAt === Number.NEGATIVE_INFINITY ? -1e6 : call.mayLookAt, -20);
    }
    if (
      call.hasRun ||
      phase === 'probing' ||
      phase === 'freeing' ||
      phase === 'yielding' ||
      phase === 'exhausting'
    )
      this.#record(call.holder);
  }

  #runs(call: CallState): void {
    const { phase, claim, takenOver, end, recording } = call;
    if (claim === 'held' || claim === 'renewing') {
      this.#steady(call.renewUntil);
      this.#steady(call.renewsAt);
    }
    const isAcquiring =
      phase === 'taking-over' ||
      phase === 'lengthening' ||
      phase === 'giving-back' ||
      phase === 'recovering' ||
      phase === 'counting' ||
      (phase === 'ending' && end?.kind === 'run');
    if (takenOver && isAcquiring) {
      const owner = ownerOf(takenOver);
      this.#put(this.#nameOf(owner));
      this.#number(owner, numberOf(takenOver));
      this.#state(takenOver.state);
    }
    if (end) this.#end(end);
    if (!recording) return;
    this.#put(statuses[recording.status]);
    this.#number(call.id - 1, recording.from);
    this.#put(Math.min(recording.tries, 6));
    this.#put(recording.mostTries === Number.POSITIVE_INFINITY ? endless : recording.mostTries);
    this.#steady(recording.until);
    this.#bits(recording.follows);
  }

  #end(end: MethodEnd): void {
    if (end.kind === 'value') {
      this.#bits(end.isAsCompleted);
      this.#put(this.#nameOf((end.outcome as { readonly json: { readonly run: number } }).json.run));
    } else if (end.kind === 'error')
      this.#put(10 + ['release', 'unknown', 'restore', 'refuse', 'remember'].indexOf(end.decision));
    else this.#put(20);
  }
}

function avalanche(hash: number): number {
  let it = hash;
  it = Math.imul(it ^ (it >>> 16), 0x85eb_ca6b);
  it = Math.imul(it ^ (it >>> 13), 0xc2b2_ae35);
  return (it ^ (it >>> 16)) >>> 0;
}
