// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { model, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Claiming, and taking over. */
export const claims: readonly Mutant[] = [
  {
    name: 'n-counted-per-success',
    flaw: 'A version number counts the writes that were answered, so that one whose answer is lost is used again.',
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: '  call.sent += 1;\n',
        by: '',
      },
      {
        file: 'lib/engine/machine/records.ts',
        replace: 'token: `${call.owner}.${call.sent}`',
        by: 'token: `${call.owner}.${call.sent + 1}`',
      },
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: '  const isSent = holder.token === sent.token;\n',
        by: `  const isSent = holder.token === sent.token;
  call.sent += 1;
`,
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'any-own-answer-counts',
    flaw: 'A response with an earlier write of the same call counts as the write that was just sent.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: "return isSent ? 'written' : 'earlier-write';",
        by: "return 'written';",
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'own-write-taken-for-anothers',
    flaw: 'A call that meets its own earlier write, whose response was lost, takes it for another call’s claim.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'if (!isSent && !isOwn(call, holder)) {',
        by: 'if (!isSent) {',
      },
    ],
    caughtBy: [specs('engine/schedules', 'engine/call/faults')],
  },
  {
    name: 'lost-answer-counts-as-done',
    flaw: 'A write after the claim whose answer is lost counts as one that was done.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: `  call.request = undefined;
  if (request.record) {
`,
        by: `  if (request.do === 'replace' && call.confirmed) return answered(step, request, request.record);
  call.request = undefined;
  if (request.record) {
`,
      },
    ],
    caughtBy: [model, specs('engine/schedules', 'engine/claim/lost-lease', 'engine/call/faults')],
  },
  {
    name: 'claim-repeated-as-another',
    flaw: 'A claim whose answer is lost is repeated as a new one, which may come after what it had itself begun.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: 'again: (step, { record, now }) => step.claim(record as IdempotencyRecord, now),',
        by: `again(step) {
      const { now } = step;
      step.claim(draftInProgress(step, { attempt: 1, fencingToken: now.wall }), now.wall);
    },`,
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'late-claim-runs',
    flaw: 'A claim that returns when its lease is nearly over, or past, runs without a check of the clock.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: `      else if (hasEnoughLease(step)) hold(step);
      else tooShort(step);
`,
        by: '      else hold(step);\n',
      },
    ],
    caughtBy: [model, specs('engine/schedules')],
  },
  {
    name: 'take-over-of-whatever-stands',
    flaw: 'A take-over follows the record that stands when it is sent, and not the one that was found lapsed.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: `    case 'taken':
      return judge(step, call.holder as IdempotencyRecord);
`,
        by: `    case 'taken': {
      const holder = call.holder as IdempotencyRecord;
      if (!call.takenOver) return judge(step, holder);
      call.takenOver = { ...call.takenOver, token: holder.token };
      return takeOver(step);
    }
`,
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease', 'engine/schedules', 'engine/claim/taking-over')],
  },
  {
    name: 'lapsed-claim-never-freed',
    flaw: 'A claim whose runner died holds its key until its record expires.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: 'if (!isAbandoned(step, state)) {',
        by: 'if (now.wall < holder.expiresAt) {',
      },
    ],
    caughtBy: [specs('engine/claim/abandoned')],
  },
  {
    name: 'no-clock-tolerance',
    flaw: 'A lease is taken over at its very end, by a process whose clock is ahead.',
    changes: [
      {
        file: 'lib/record/record.ts',
        replace: 'return leaseUntil + clockTolerance;',
        by: 'return leaseUntil;',
      },
    ],
    caughtBy: [model, specs('engine/claim/taking-over')],
  },
  {
    name: 'attempt-not-counted',
    flaw: 'A run after a crash does not know that it is not the first.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: ': { attempt: attempt + 1, fencingToken };',
        by: ': { attempt, fencingToken };',
      },
    ],
    caughtBy: [specs('engine/claim/abandoned', 'engine/claim/taking-over')],
  },
  {
    name: 'fencing-token-from-the-clock',
    flaw: 'The fencing token is the time alone, so that a resource turns away the newer runner where clocks differ.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: 'const fencingToken = Math.max(state.fencingToken + 1, now.wall);',
        by: 'const fencingToken = now.wall;',
      },
    ],
    caughtBy: [specs('engine/claim/abandoned', 'engine/claim/taking-over')],
  },
  {
    name: 'fail-open-beside-a-known-runner',
    flaw: 'A call that knows of a running call runs itself as soon as the store fails.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: 'const isFirst = call.claims === 0 && !call.hasSeenHolder;',
        by: 'const isFirst = call.claims >= 0;',
      },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'release-by-a-rejected-duplicate',
    flaw: 'A duplicate that is refused cleans up behind itself, and so frees the key of the call that is running.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: '        const { startedAt } = state;\n',
        by: `        const { startedAt, attempt, fencingToken } = state;
        const released = { format: FORMAT, status: 'released' as const, attempt, fencingToken };
        step.replace(draft(step, released, unsettled(rules, now.wall)), holder.token);
`,
      },
    ],
    caughtBy: [model, specs('engine/waiting/waiting')],
  },
  {
    name: 'refusal-on-a-stale-read',
    flaw: 'A call is refused because of a read, which may be stale.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: '      if (record && record.expiresAt > step.now.wall) step.call.hasSeenHolder = true;',
        by: `      const early = record && record.expiresAt > step.now.wall ? readState(record) : undefined;
      if (early?.status === 'completed') return step.refuse({ reason: 'fingerprint' });
      if (early) step.call.hasSeenHolder = true;`,
      },
    ],
    caughtBy: [specs('engine/call/stale-reads')],
  },
  {
    name: 'second-run-within-a-call',
    flaw: 'A call that lost its claim while it ran begins anew, and runs its method again.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: "  step.answer({ with: 'claim-lost' }, 'ended');",
        by: "  step.go('claiming');",
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
];
