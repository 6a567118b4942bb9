import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { longestStoreCall, waited } from './budgets.js';
import type { Answer, Command, Refusal, Source, Tell } from './events.js';
import { type Moment, NEVER, NO_TERM, termLeft } from './moment.js';
import type { CallState, LocalEnd, Phase, ProcessState, Request, Rules, Situation } from './state.js';

/** One event of one call on its way through the rules: what they read, and what they order. */
export class Step implements Situation {
  /** Whether the call came to a phase that has not begun. */
  hasMoved = false;

  constructor(
    readonly rules: Rules,
    readonly process: ProcessState,
    readonly call: CallState,
    readonly now: Moment,
    readonly out: Command[],
  ) {}

  /** Goes on to a phase. It begins when the present rule has ended. */
  go(phase: Phase): void {
    const { call, now } = this;
    call.waitedMs = waited(call, now);
    call.phase = phase;
    call.phaseSince = now.steady;
    call.dueAt = NEVER;
    call.tries = 0;
    this.hasMoved = true;
  }

  /** Lets this phase go on by itself after so many milliseconds. */
  pause(lengthMs: number): void {
    this.call.dueAt = this.now.steady + lengthMs;
  }

  /** Begins to wait for the call that holds the key, whose claim may be taken over from `lapsesAt` on. */
  wait(lapsesAt: number): void {
    const { call } = this;
    call.lapsesAt = lapsesAt;
    call.notices = 'unknown';
    call.isNoticed = false;
    call.mayLookAt = Number.NEGATIVE_INFINITY;
    this.go('waiting');
  }

  claim(record: IdempotencyRecord, now: number, limitMs?: number): void {
    this.#send('claim', limitMs, record, '', now);
  }

  /** Puts `record` in the place of the one that bears `token`. */
  replace(record: IdempotencyRecord, token: string, limitMs?: number, renews?: Request['renews']): void {
    this.#send('replace', limitMs, record, token, 0, renews);
  }

  find(isConsistent: boolean, limitMs?: number): void {
    this.#send('find', limitMs, undefined, '', 0, undefined, isConsistent);
  }

  /** Sends a store call. It is awaited for as long as a store call may take, and at most for `limitMs`. */
  #send(
    what: Request['do'],
    limitMs = NEVER,
    record?: IdempotencyRecord,
    token = '',
    now = 0,
    renews?: Request['renews'],
    isConsistent = false,
  ): void {
    const { call, out } = this;
    const longestMs = longestStoreCall(this);
    // One without time is sent all the same, and given up at the next moment.
    const limit = Math.max(1, Math.min(longestMs, limitMs));
    const giveUpAt = this.now.steady + limit;
    const isFair = limitMs >= longestMs;
    call.requests += 1;
    const n = call.requests;
    const request = {
      do: what,
      n,
      record,
      token,
      now,
      isConsistent,
      renews,
      limitMs: limit,
      giveUpAt,
      isFair,
    };
    call.request = request;
    out.push(request);
  }

  tell(what: Tell): void {
    this.out.push({ do: 'tell', attempt: this.call.attempt, what });
  }

  /** Ends the call for its caller, before its method ran. */
  refuse(refusal: Refusal): void {
    const { reason } = refusal;
    // Its own time to wait is over. Those who have more left go on behind one of them.
    const isOver = reason === 'running' || reason === 'contended' || reason === 'ending';
    this.#end(isOver ? 'released' : 'ended');
    this.out.push({ do: 'refuse', refusal });
    this.go('done');
  }

  /** Ends the call with the outcome of another one. */
  replay(record: IdempotencyRecord, source: Source): void {
    this.answer({ with: 'replay', record, source }, { record });
  }

  /** Ends the call with the completion that its method wrote itself. `isOwn`: the caller gets what the method returned. */
  completed(record: IdempotencyRecord, isOwn = false): void {
    this.tell({ event: 'completed', record });
    this.answer(isOwn ? { with: 'own' } : { with: 'recorded', record }, { record });
  }

  /** Ends the call for its caller, and for the calls that joined it. */
  answer(answer: Answer, end: LocalEnd): void {
    this.#end(end);
    this.out.push({ do: 'answer', answer });
    this.go('done');
  }

  #end(end: LocalEnd): void {
    this.call.isAnswered = true;
    this.#release(this.call, end);
  }

  /** Lets equal calls of this process join, unless there is another call that they can join. */
  lead(): void {
    const { process, call } = this;
    if (!this.joinable()) process.leaders.set(call.slot, call.id);
  }

  /** Returns the call of this process that this one can join: an equal one whose claim holds. */
  joinable(): CallState | undefined {
    const { process, call, now } = this;
    const id = process.leaders.get(call.slot);
    const leader = id === undefined ? undefined : process.calls.get(id);
    return leader && leader.id !== call.id && termLeft(leader.joinableFor, now) > 0 ? leader : undefined;
  }

  /** Sends away all calls that joined `leader`: its claim does not hold any longer. */
  sendAway(leader: CallState): void {
    leader.joinableFor = NO_TERM;
    this.#release(leader, 'sent-away');
  }

  /** Lets those that joined see that the claim holds for a shorter time than they knew. */
  wakeFollowers({ followers }: CallState): void {
    for (const id of followers) this.out.push({ do: 'wake', call: id });
  }

  #release(leader: CallState, end: LocalEnd): void {
    const { process } = this;
    if (process.leaders.get(leader.slot) === leader.id) process.leaders.delete(leader.slot);
    for (const id of leader.followers) {
      const follower = process.calls.get(id) as CallState;
      const { attempt, traceparent } = leader;
      follower.told = { end, attempt, traceparent };
      follower.leader = undefined;
    }
    this.wakeFollowers(leader);
    leader.followers = [];
  }
}
