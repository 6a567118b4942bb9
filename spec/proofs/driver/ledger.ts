import { type IdempotencyRecord, OutcomeUnavailableError, StoreError } from 'retrysafe';
import { type Caller, contexts, isRefusal, MethodFailed } from './caller.js';
import type { Decision } from './scenario.js';

/** What was seen of each call, by the context in which it was seen, and what must hold of it. */
export class Ledger {
  violation: string | undefined;
  /** The events of each call. */
  readonly #events = new Map<string, string[]>();
  /** In whose context the writes of each owner were sent. */
  readonly #owners = new Map<string, string>();
  /** Whose listeners are running just now: a command is being carried out. */
  readonly #busy = new Set<string>();

  constructor(readonly callers: readonly Caller[]) {}

  fails(violation: string): void {
    this.violation ??= violation;
  }

  /** Code of a call runs. Returns whose. */
  enters(what: string): string {
    const context = contexts.getStore();
    const name = context?.replace(', inside', '') ?? 'nobody';
    const caller = this.callers.find((one) => one.name === name);
    if (!caller && name !== 'an operator') this.fails(`${what} is in the context of ${name}`);
    // A method that asks for its completion has it renewed in its own context.
    else if (context !== name && caller && caller.asking === 0)
      this.fails(`${what} of ${name} is in the context of its method, which does not ask for a completion`);
    // A method that asks for its completion is asked for its ttl in the same turn: that is no command.
    if (this.#busy.has(name) && what !== 'ttl')
      this.fails(`${what} of ${name} comes while a command of it is carried out`);
    return name;
  }

  /** A store call is made. */
  sends(record: IdempotencyRecord | undefined): string {
    const name = this.enters('a store call');
    if (!record) return name;
    const owner = record.token.slice(0, record.token.lastIndexOf('.'));
    const known = this.#owners.get(owner) ?? name;
    this.#owners.set(owner, known);
    if (known !== name) this.fails(`a write of ${known} is in the context of ${name}`);
    return name;
  }

  /** A method begins. */
  begins(caller: Caller): void {
    if (this.enters('the method') !== caller.name)
      this.fails(`the method of ${caller.name} is in another context`);
    if (!caller.isReturned) this.fails(`the method of ${caller.name} begins before its promise is returned`);
    caller.runs += 1;
    caller.isRunning = true;
    if (caller.runs > 1) this.fails(`the method of ${caller.name} begins twice`);
    const events = this.#events.get(caller.name) ?? [];
    if (!events.includes('claimed') && !events.includes('taken-over'))
      this.fails(`the method of ${caller.name} begins without a claim`);
  }

  /** The function of an option is asked about a call. */
  asked(option: string, caller: Caller): void {
    if (this.enters(option) !== caller.name) this.fails(`${option} of ${caller.name} is in another context`);
  }

  /** A listener of a call runs, and calls the library back. */
  within(what: string, caller: Caller, run: () => void): void {
    if (this.enters(what) !== caller.name) this.fails(`${what} of ${caller.name} is in another context`);
    this.#busy.add(caller.name);
    try {
      run();
    } finally {
      this.#busy.delete(caller.name);
    }
  }

  published(event: string): void {
    const name = this.enters(event);
    const events = this.#events.get(name) ?? [];
    this.#events.set(name, events);
    events.push(event);
  }

  /** What must hold of a call when everything is over. */
  ended(caller: Caller, answer: Decision | undefined): void {
    const { name, state, value, error, runs } = caller;
    if (state === 'calling') return this.fails(`${name} never ends`);
    const events = this.#events.get(name) ?? [];
    const count = (...names: string[]) => events.filter((one) => names.includes(one)).length;
    const isOwn = (value as { readonly run?: string } | undefined)?.run === name;
    const expects = (what: string, holds: boolean) => {
      if (!holds) this.fails(`${name} ends with ${what} after ${events.join(', ') || 'no event'}`);
    };
    const wasHit = count('store-failed', 'claim-lost') > 0;
    if (isOwn) expects('its own result', runs === 1 && (count('completed') === 1 || wasHit));
    else if (error === undefined) expects('another result', count('replayed') === 1);
    else if (error instanceof MethodFailed)
      expects('its own error', runs === 1 && (count('released') === 1 || wasHit));
    else if (error instanceof StoreError) expects('a fault of the store', count('store-failed') > 0);
    else if (isRefusal(error) && runs === 0) expects('a refusal', count('refused') === 1);
    if (caller.isAfterAnswer) {
      const isGiven = (value as { readonly run?: string } | undefined)?.run === 'an operator';
      const isAnswered = answer === 'refuses' ? error instanceof OutcomeUnavailableError : isGiven;
      expects(
        'something else than what was decided',
        runs === 0 && (isAnswered || error instanceof StoreError),
      );
    }
    expects('two ends', count('completed', 'released', 'replayed', 'refused', 'unknown') <= 1);
    expects('two claims', count('claimed') <= 1);
  }
}
