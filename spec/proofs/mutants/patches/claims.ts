// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { model, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Claiming, and taking over. */
export const claims: readonly Mutant[] = [
  {
    name: 'n-counted-per-success',
    flaw: 'A version number counts the writes that were answered, so that one whose answer is lost is used again.',
    changes: [
      { file: 'lib/engine/claim/claim.ts', replace: '    this.#sent += 1;\n', by: '' },
      {
        file: 'lib/engine/claim/claim.ts',
        replace: 'token: `${this.#owner}.${this.#sent}`',
        by: 'token: `${this.#owner}.${this.#sent + 1}`',
      },
      {
        file: 'lib/engine/claim/claim.ts',
        replace: '    const isSent = holder.token === sent.token;\n',
        by: '    const isSent = holder.token === sent.token;\n    this.#sent += 1;\n',
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'any-own-answer-counts',
    flaw: 'A response with an earlier write of the same call counts as the write that was just sent.',
    changes: [
      {
        file: 'lib/engine/claim/claim.ts',
        replace: "return { kind: isSent ? 'written' : 'earlier-write' };",
        by: "return { kind: 'written' };",
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'own-write-taken-for-anothers',
    flaw: 'A call that meets its own earlier write, whose response was lost, takes it for another call’s claim.',
    changes: [
      {
        file: 'lib/engine/claim/claim.ts',
        replace: 'if (!this.isOurs(holder)) return',
        by: 'if (holder.token !== sent.token) return',
      },
    ],
    caughtBy: [specs('engine/schedules', 'engine/call/faults')],
  },
  {
    name: 'lost-answer-counts-as-done',
    flaw: 'A write after the claim whose answer is lost counts as one that was done.',
    changes: [
      {
        file: 'lib/engine/claim/claim.ts',
        replace: "    if ('fault' in answer) return { kind: 'unanswered', ...answer };",
        by: `    if ('fault' in answer && !this.#confirmed) return { kind: 'unanswered', ...answer };
    if ('fault' in answer) {
      this.#confirmed = sent;
      return { kind: 'written' };
    }`,
      },
    ],
    caughtBy: [model, specs('engine/schedules', 'engine/claim/lost-lease', 'engine/call/faults')],
  },
  {
    name: 'claim-repeated-as-another',
    flaw: 'A claim whose answer is lost is repeated as a new one, which may come after what it had itself begun.',
    changes: [
      {
        file: 'lib/engine/acquire.ts',
        replace: "return written.kind === 'unanswered' ? claim.claim(record, now) : written;",
        by: `return written.kind === 'unanswered'
    ? claim.claim(claim.draftInProgress({ attempt: 1, fencingToken: now }), Date.now())
    : written;`,
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'late-claim-runs',
    flaw: 'A claim that returns when its lease is nearly over, or past, runs without a check of the clock.',
    changes: [
      {
        file: 'lib/engine/acquire.ts',
        replace: 'if (!hasEnoughLease(claim)) written = await withEnoughLease(claim);',
        by: 'await Promise.resolve();',
      },
    ],
    caughtBy: [model, specs('engine/schedules')],
  },
  {
    name: 'take-over-of-whatever-stands',
    flaw: 'A take-over follows the record that stands when it is sent, and not the one that was found lapsed.',
    changes: [
      {
        file: 'lib/engine/acquire.ts',
        replace: '  const send = () => {\n',
        by: `  const send = async () => {
    const found = await claim.call.store.find(holder.key, { consistent: true });
`,
      },
      {
        file: 'lib/engine/acquire.ts',
        replace: 'claim.draftInProgress({ attempt, fencingToken }), holder.token)',
        by: 'claim.draftInProgress({ attempt, fencingToken }), found?.token ?? holder.token)',
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease', 'engine/schedules', 'engine/claim/taking-over')],
  },
  {
    name: 'lapsed-claim-never-freed',
    flaw: 'A claim whose runner died holds its key until its record expires.',
    changes: [
      {
        file: 'lib/engine/call/verdict.ts',
        replace: 'return now < abandonedAt(call, state) ?',
        by: 'return now < record.expiresAt ?',
      },
    ],
    caughtBy: [specs('engine/claim/abandoned')],
  },
  {
    name: 'no-clock-tolerance',
    flaw: 'A lease is taken over at its very end, by a process whose clock is ahead.',
    changes: [
      {
        file: 'lib/engine/call/verdict.ts',
        replace: 'return leaseUntil + call.settings.clockTolerance;',
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
        file: 'lib/engine/acquire.ts',
        replace: 'const attempt = state.attempt + (isRecovery ? 0 : 1);',
        by: 'const attempt = state.attempt + (isRecovery ? 0 : 0);',
      },
    ],
    caughtBy: [specs('engine/claim/abandoned', 'engine/claim/taking-over')],
  },
  {
    name: 'fencing-token-from-the-clock',
    flaw: 'The fencing token is the time alone, so that a resource turns away the newer runner where clocks differ.',
    changes: [
      {
        file: 'lib/engine/acquire.ts',
        replace: 'const fencingToken = Math.max(state.fencingToken + 1, Date.now());',
        by: 'const fencingToken = Date.now();',
      },
    ],
    caughtBy: [specs('engine/claim/abandoned', 'engine/claim/taking-over')],
  },
  {
    name: 'fail-open-beside-a-known-runner',
    flaw: 'A call that knows of a running call runs itself as soon as the store fails.',
    changes: [
      {
        file: 'lib/engine/acquire.ts',
        replace: "call.settings.onStoreFailure !== 'run' || call.hasSeenHolder",
        by: "call.settings.onStoreFailure !== 'run'",
      },
      { file: 'lib/engine/acquire.ts', replace: 'if (round === 0 && mayRunOpen', by: 'if (mayRunOpen' },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'release-by-a-rejected-duplicate',
    flaw: 'A duplicate that is refused cleans up behind itself, and so frees the key of the call that is running.',
    changes: [
      {
        file: 'lib/engine/acquire.ts',
        replace: '        if (call.waitLeft <= 0) throw inProgress(call, verdict.state);',
        by: `        if (call.waitLeft <= 0) {
          const { attempt, fencingToken } = verdict.state;
          const state = { status: 'released' as const, attempt, fencingToken };
          await claim.follow(claim.draft(state, call.unsettledExpiry(Date.now())), holder.token);
          throw inProgress(call, verdict.state);
        }`,
      },
    ],
    caughtBy: [model, specs('engine/waiting/waiting')],
  },
  {
    name: 'refusal-on-a-stale-read',
    flaw: 'A call is refused because of a read, which may be stale.',
    changes: [
      {
        file: 'lib/engine/acquire.ts',
        replace: '    if (seen && seen.expiresAt > Date.now()) call.hasSeenHolder = true;',
        by: `    const early = seen && judge(call, seen, Date.now());
    if (early?.kind === 'refuse') throw early.error;
    if (seen && seen.expiresAt > Date.now()) call.hasSeenHolder = true;`,
      },
    ],
    caughtBy: [specs('engine/call/stale-reads')],
  },
  {
    name: 'second-run-within-a-call',
    flaw: 'A call that lost its claim while it ran begins anew, and runs its method again.',
    changes: [
      {
        file: 'lib/engine/operation.ts',
        replace: '      } else settlement = await runHeld(operation, acquired, run);\n',
        by: `      } else settlement = await runHeld(operation, acquired, run);
      const failure = settlement && 'error' in settlement.ending ? settlement.ending.error : undefined;
      if ((failure as { code?: unknown } | undefined)?.code === 'ERR_IDEMPOTENCY_CLAIM_LOST') settlement = undefined;
`,
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
];
