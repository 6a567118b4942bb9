import { model, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';
import { overwriting } from './overwriting.js';

/** Renewing, and noticing that a claim is lost. */
export const leases: readonly Mutant[] = [
  {
    name: 'lease-without-renewal',
    flaw: 'A lease is taken once, so that a method which runs for longer is run beside itself.',
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: 'const canGrow = term.endsAt < this.#renewUntil;',
        by: 'const canGrow = term.endsAt < 0;',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'token-not-compared-on-renewal',
    flaw: 'A renewal lengthens whatever record is there, a successor’s too.',
    changes: [overwriting("record.state.status === 'in-progress' && this.#confirmed !== undefined")],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'token-kept-over-a-renewal',
    flaw: 'A renewal keeps the token, so that a call that read the lapsed lease before takes over a live claim.',
    changes: [
      {
        file: 'lib/engine/claim/claim.ts',
        replace: 'this.draftInProgress({ attempt, fencingToken, ...change }),',
        by: '{ ...this.draftInProgress({ attempt, fencingToken, ...change }), token: this.confirmed.token },',
      },
      {
        file: 'lib/engine/claim/claim.ts',
        replace: 'if (holder?.token === token)\n',
        by: 'if (holder?.token === token && record.token !== token)\n',
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'renewed-for-ever',
    flaw: 'A method that hangs keeps its key for as long as its process lives.',
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: 'this.#renewUntil = Math.min(steadyNow() + settings.renewFor, endsAt);',
        by: 'this.#renewUntil = Math.min(Number.POSITIVE_INFINITY, endsAt);',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'lease-timed-from-the-answer',
    flaw: 'The runner counts its lease from when it got the answer, and the others from when it asked.',
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: 'const { term, call } = this.claim;\n    this.run',
        by: 'const { call } = this.claim;\n    const term = call.newTerm();\n    this.run',
      },
      {
        file: 'lib/engine/claim/lease.ts',
        replace: 'Math.min(this.claim.term.left, this.#renewUntil - steadyNow())',
        by: 'Math.min(this.run.term.left, this.#renewUntil - steadyNow())',
      },
    ],
    caughtBy: [specs('engine/claim/lease', 'engine/claim/lost-lease')],
  },
  {
    name: 'lapse-not-told',
    flaw: 'A runner whose renewals fail is never told that its lease is over.',
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: '(renews ? this.#startRenewal() : this.#lapse())',
        by: '(renews ? this.#startRenewal() : undefined)',
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'renewal-in-flight-not-awaited',
    flaw: 'A method’s end is recorded while a renewal is under way that the record does not follow.',
    changes: [{ file: 'lib/engine/claim/lease.ts', replace: '    await this.#renewal;\n', by: '' }],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'lapsed-lease-brought-back-to-life',
    flaw: 'A process that was frozen renews a lease which has lapsed, when another may have begun.',
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: '  #startRenewal(): void {\n',
        by: '  #startRenewal(): void {\n    this.#renewal = this.#renew();\n    if (this.left <= 0) return;\n',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'late-renewal-takes-back-the-loss',
    flaw: 'A renewal that is answered after the lease lapsed lets others join the run that was given up.',
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: '        if (this.#lossError) break;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'store-call-never-given-up',
    flaw: 'A store that gives no answer keeps a call for as long as the client does.',
    changes: [
      {
        file: 'lib/engine/call/call.ts',
        replace: 'Math.min(LONGEST_STORE_CALL_MS, this.settings.lease / 3, this.endsAt - steadyNow())',
        by: 'Math.min(86_400_000, this.endsAt - steadyNow())',
      },
    ],
    caughtBy: [model, specs('engine/call/hanging-store')],
  },
];
