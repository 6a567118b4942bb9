import { model, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Renewing, and noticing that a claim is lost. */
export const leases: readonly Mutant[] = [
  {
    name: 'lease-without-renewal',
    flaw: 'A lease is taken once, so that a method which runs for longer is run beside itself.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'call.term.endsAt < call.renewUntil;',
        by: 'call.term.endsAt < 0;',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'token-not-compared-on-renewal',
    flaw: 'A renewal lengthens whatever record is there, a successor’s too.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: "  if (written === 'taken' || written === 'missing') loseClaim(step, 'taken');\n",
        by: `  if (written === 'taken') {
    const { attempt, fencingToken } = confirmedOf(call).state;
    const { token } = call.holder as IdempotencyRecord;
    step.replace(draftInProgress(step, { attempt, fencingToken }), token, undefined, 'lease');
  } else if (written === 'missing') loseClaim(step, 'taken');
`,
      },
    ],
    caughtBy: [specs('engine/claim/lost-lease')],
  },
  {
    name: 'token-kept-over-a-renewal',
    flaw: 'A renewal keeps the token, so that a call that read the lapsed lease before takes over a live claim.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'step.replace(draftInProgress(step, run, state), token, limitMs, renews);',
        by: 'step.replace({ ...draftInProgress(step, run, state), token }, token, limitMs, renews);',
      },
      {
        file: 'lib/engine/machine/records.ts',
        replace: "if (request.do === 'replace' && holder?.token === request.token)",
        by: "if (request.do === 'replace' && holder?.token === request.token && record.token !== request.token)",
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'renewed-for-ever',
    flaw: 'A method that hangs keeps its key for as long as its process lives.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'Math.min(now.steady + rules.renewFor, call.endsAt)',
        by: 'Math.min(Number.POSITIVE_INFINITY, call.endsAt)',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'lease-timed-from-the-answer',
    flaw: 'The runner counts its lease from when it got the answer, and the others from when it asked.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: '  const isShorter = termLeft',
        by: `  call.term = newTerm(step);
  const isShorter = termLeft`,
      },
    ],
    caughtBy: [specs('engine/claim/lease', 'engine/claim/lost-lease')],
  },
  {
    name: 'lapse-not-told',
    flaw: 'A runner whose renewals fail is never told that its lease is over.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: `    const endsAt = now.steady + leaseLeft(call, now);
    at = Math.min(at, endsAt, call.request`,
        by: '    at = Math.min(at, call.request',
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'renewal-in-flight-not-awaited',
    flaw: 'A method’s end is recorded while a renewal is under way that the record does not follow.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: "if (call.phase !== 'ending' || call.request) return;",
        by: "if (call.phase !== 'ending') return;",
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'lapsed-lease-brought-back-to-life',
    flaw: 'A process that was frozen renews a lease which has lapsed, when another may have begun.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'if (leaseLeft(call, now) <= 0) {',
        by: 'if (leaseLeft(call, now) <= 0 && call.renewsAt > now.steady) {',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'late-renewal-takes-back-the-loss',
    flaw: 'A renewal that is answered after the lease lapsed gives back the claim, which was told as lost.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: "if (call.claim === 'renewing') call.claim = 'held';",
        by: "if (call.claim !== 'ended') call.claim = 'held';",
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'store-call-never-given-up',
    flaw: 'A store that gives no answer keeps a call for as long as the client does.',
    changes: [
      {
        file: 'lib/engine/machine/budgets.ts',
        replace: 'Math.min(LONGEST_STORE_CALL_MS, rules.lease / 3, call.endsAt - now.steady)',
        by: 'Math.min(86_400_000, call.endsAt - now.steady)',
      },
    ],
    caughtBy: [model, specs('engine/call/hanging-store')],
  },
];
