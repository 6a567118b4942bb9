// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { model, simulation, specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';
import { overwriting } from './overwriting.js';

/** Completing and releasing. */
export const settling: readonly Mutant[] = [
  {
    name: 'unconditional-completion',
    flaw: 'A completion is written over whatever record is there.',
    changes: [overwriting("record.state.status === 'completed'")],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'unconditional-release',
    flaw: 'A call that failed releases the key, even where another call holds it by now.',
    changes: [overwriting("record.state.status === 'released'")],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'release-by-deletion',
    flaw: 'A release leaves nothing behind, so that a claim which was delayed in the network comes to life after it.',
    changes: [
      {
        file: 'lib/engine/recording.ts',
        replace: 'claim.draft({ status, ...attemptOf(execution) }, expiry(Date.now()))',
        by: 'claim.draft({ status, ...attemptOf(execution) }, Date.now())',
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'expiry-from-a-short-ttl',
    flaw: 'A record in progress expires by the ttl of outcomes, which may be shorter than the work.',
    changes: [
      {
        file: 'lib/record/record.ts',
        replace: 'Math.max(unresolvedTtl ?? Math.max(ttl ?? 0, DAY_MS), clockTolerance)',
        by: 'unresolvedTtl ?? ttl ?? DAY_MS',
      },
    ],
    caughtBy: [specs('record/unsettled-expiry')],
  },
  {
    name: 'key-computed-again',
    flaw: 'The key is made once more when the method has returned, from arguments that it may have changed.',
    changes: [
      {
        file: 'lib/engine/operation.ts',
        replace:
          '  return settle(execution, await runWithin(execution, () => method.apply(call.self, [...call.args])));',
        by: `  const ending = await runWithin(execution, () => method.apply(call.self, [...call.args]));
  Object.assign(call, identify(call.operation, call.settings, call.self, call.args));
  return settle(execution, ending);`,
      },
    ],
    caughtBy: [tests('engine/one-outcome', 'call in another process, while it runs and afterwards')],
  },
  {
    name: 'fingerprint-dropped-on-completion',
    flaw: 'Only a running claim has the fingerprint, so that later another request gets this one’s outcome.',
    changes: [
      {
        file: 'lib/engine/claim/claim.ts',
        replace: '...(fingerprint !== undefined && { fingerprint }),',
        by: "...(fingerprint !== undefined && state.status === 'in-progress' && { fingerprint }),",
      },
    ],
    caughtBy: [specs('key/fingerprint')],
  },
  {
    name: 'lost-claim-answers-its-own-result',
    flaw: 'A runner that lost its claim returns its own result beside the one that is recorded.',
    changes: [
      {
        file: 'lib/engine/settle.ts',
        replace: "return recording.kind === 'taken' && !isOpen\n",
        by: "return recording.kind === 'taken' && !isOpen && call.endsAt < 0\n",
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'release-where-the-result-cannot-be-kept',
    flaw: 'A result that cannot be stored frees the key, so that the work is done twice for a bookkeeping reason.',
    changes: [
      {
        file: 'lib/engine/settle.ts',
        replace: '    return settleOutcome(execution, ending, outcome, ttl);',
        by: `    if (outcome.kind === 'none') return settleNoOutcome(execution, ending, 'release');
    return settleOutcome(execution, ending, outcome, ttl);`,
      },
    ],
    caughtBy: [specs('engine/call/outcome-unavailable')],
  },
  {
    name: 'too-large-left-in-progress',
    flaw: 'A result that is too large for the store leaves the key in progress, and its lease lets others run again.',
    changes: [
      {
        file: 'lib/engine/recording.ts',
        replace: "if (!isRefused) return recording;\n    stored = { kind: 'none'",
        by: "if (isRefused || !isRefused) return recording;\n    stored = { kind: 'none'",
      },
    ],
    caughtBy: [specs('engine/call/too-large-outcomes')],
  },
  {
    name: 'completion-not-retried',
    flaw: 'A completion that meets a short fault of the store is given up at once.',
    changes: [
      {
        file: 'lib/engine/recording.ts',
        replace: 'if (steadyNow() + delay >= until) return written;',
        by: 'if (steadyNow() + delay >= until || tries > 0) return written;',
      },
    ],
    caughtBy: [specs('engine/call/faults')],
  },
  {
    name: 'swallowed-transaction-completes',
    flaw: 'A method that asked for its completion counts as completed, whether the transaction was committed or not.',
    changes: [
      {
        file: 'lib/engine/settle.ts',
        replace: 'issued && isThere\n',
        by: 'issued && (isThere || isSame)\n',
      },
    ],
    caughtBy: [simulation, specs('engine/execution/completion')],
  },
  {
    name: 'completion-looked-for-by-a-stale-read',
    flaw: 'Whether the transaction was committed is read from a replica.',
    changes: [
      {
        file: 'lib/engine/settle.ts',
        replace: 'call.store.find(call.key, { consistent: true })',
        by: 'call.store.find(call.key)',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'recovery-that-throws-runs',
    flaw: 'Where the recovery function cannot tell, the work is done again.',
    changes: [
      {
        file: 'lib/engine/recovery.ts',
        replace: "if ('error' in ending) return leaveUnknown(execution, ending.error);",
        by: "if ('error' in ending) return startAttempt(execution, attempt + 1);",
      },
    ],
    caughtBy: [specs('engine/claim/abandoned', 'engine/claim/taking-over')],
  },
  {
    name: 'newer-record-overwritten',
    flaw: 'A record that a newer version wrote is run over, since this version does not understand it.',
    changes: [
      {
        file: 'lib/record/record.ts',
        replace: 'return unreadable(`it was written by a newer version of retrysafe (format ${format})`);',
        by: "return { format: FORMAT, status: 'released', attempt: 0, fencingToken: 0 };",
      },
    ],
    caughtBy: [specs('engine/call/outcome-unavailable')],
  },
  {
    name: 'first-completion-not-voided',
    flaw: 'Of two completions that a method asked for, both can be committed.',
    changes: [
      {
        file: 'lib/engine/execution/execution.ts',
        replace: 'if (this.issued || isShort || claim.isInDoubt)',
        by: 'if (isShort || claim.isInDoubt)',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'renewed-after-its-completion-was-issued',
    flaw: 'Renewals go on while the transaction is open, and take away the record that the completion follows.',
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: '    this.#isRenewing = false;\n    this.#schedule();\n    if (!this.#renewal) return;',
        by: '    if (!this.#renewal) return;',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
];
