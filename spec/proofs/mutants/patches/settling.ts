// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { model, simulation, specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Completing and releasing. */
export const settling: readonly Mutant[] = [
  {
    name: 'unconditional-completion',
    flaw: 'A completion is written over whatever record is there.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "      if (written === 'taken') return recorded(step, 'taken');\n",
        by: `      if (written === 'taken' && record.state.status === 'completed')
        return step.replace(record, (call.holder as IdempotencyRecord).token, limitOf(step));
      if (written === 'taken') return recorded(step, 'taken');
`,
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'unconditional-release',
    flaw: 'A call that failed releases the key, even where another call holds it by now.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "      if (written === 'taken') return recorded(step, 'taken');\n",
        by: `      if (written === 'taken' && record.state.status === 'released')
        return step.replace(record, (call.holder as IdempotencyRecord).token, limitOf(step));
      if (written === 'taken') return recorded(step, 'taken');
`,
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'release-by-deletion',
    flaw: 'A release leaves nothing behind, so that a claim which was delayed in the network comes to life after it.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "const expiresAt = status === 'released' ? unsettled(rules, now.wall)",
        by: "const expiresAt = status === 'released' ? now.wall",
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
        file: 'lib/engine/driver/driver.ts',
        replace: `    this.#ending = ending;
    const end =`,
        by: `    this.#ending = ending;
    Object.assign(this.#state, identify(this.operation, this.call.settings, this.call.self, this.call.args));
    const end =`,
      },
      {
        file: 'lib/engine/driver/driver.ts',
        replace: 'import type { Abandoned,',
        by: `import { identify } from '../../key/identity.js';
import type { Abandoned,`,
      },
    ],
    caughtBy: [tests('engine/one-outcome', 'call in another process, while it runs and afterwards')],
  },
  {
    name: 'fingerprint-dropped-on-completion',
    flaw: 'Only a running claim has the fingerprint, so that later another request gets this one’s outcome.',
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: 'if (fingerprint !== undefined) own.fingerprint = fingerprint;',
        by: 'void fingerprint;',
      },
    ],
    caughtBy: [specs('key/fingerprint')],
  },
  {
    name: 'lost-claim-answers-its-own-result',
    flaw: 'A runner that lost its claim returns its own result beside the one that is recorded.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "if (what === 'taken' && call.claim !== 'open') return",
        by: "if (what === 'taken' && call.claim !== 'open' && call.endsAt < 0) return",
      },
    ],
    caughtBy: [model, specs('engine/claim/lost-lease')],
  },
  {
    name: 'release-where-the-result-cannot-be-kept',
    flaw: 'A result that cannot be stored frees the key, so that the work is done twice for a bookkeeping reason.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "  if (outcome.kind === 'none') step.tell(",
        by: `  if (outcome.kind === 'none' && end.kind === 'value')
    return recordWithoutOutcome(step, 'released', Number.POSITIVE_INFINITY, TRIES_WITHOUT_OUTCOME);
  if (outcome.kind === 'none') step.tell(`,
      },
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "const isNotApplied = end.kind === 'value';",
        by: "const isNotApplied = end.kind === 'value' && call.issued !== undefined;",
      },
    ],
    caughtBy: [specs('engine/call/outcome-unavailable')],
  },
  {
    name: 'too-large-left-in-progress',
    flaw: 'A result that is too large for the store leaves the key in progress, and its lease lets others run again.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "if (!outcome || outcome.kind === 'none') return recorded",
        by: "if (recording.tries > 0 || !outcome || outcome.kind === 'none') return recorded",
      },
    ],
    caughtBy: [specs('engine/call/too-large-outcomes')],
  },
  {
    name: 'completion-not-retried',
    flaw: 'A completion that meets a short fault of the store is given up at once.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: 'if (now.steady + pauseMs >= recording.until) return',
        by: 'if (now.steady + pauseMs >= recording.until || recording.tries > 0) return',
      },
    ],
    caughtBy: [specs('engine/call/faults')],
  },
  {
    name: 'swallowed-transaction-completes',
    flaw: 'A method that asked for its completion counts as completed, whether the transaction was committed or not.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: 'if (issued && record?.token === issued.token) step',
        by: 'if (issued) step',
      },
    ],
    caughtBy: [simulation, specs('engine/execution/completion')],
  },
  {
    name: 'completion-looked-for-by-a-stale-read',
    flaw: 'Whether the transaction was committed is read from a replica.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: 'step.find(true)',
        by: 'step.find(false)',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'recovery-that-throws-runs',
    flaw: 'Where the recovery function cannot tell, the work is done again.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: 'return this.#endUnknown(ending.error, this.#reasonFor(ending.error));',
        by: "return this.#deliverEnd({ kind: 'run' });",
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
        file: 'lib/engine/machine/leasing.ts',
        replace: '(call.issued || isShort || call.isInDoubt)',
        by: '(isShort || call.isInDoubt)',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'renewed-after-its-completion-was-issued',
    flaw: 'Renewals go on while the transaction is open, and take away the record that the completion follows.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: `  stopRenewing(call);
  const patienceEndsAt`,
        by: '  const patienceEndsAt',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'answer-before-the-method-counted',
    flaw: 'An answer that came before the method counts as an attempt, and its fingerprint holds the key.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "if (call.end?.kind === 'error' && call.end.decision === 'restore')",
        by: "if (call.end?.kind === 'error' && call.end.decision === 'restore' && status === 'unknown')",
      },
    ],
    caughtBy: [specs('http/before-handlers')],
  },
  {
    name: 'answer-before-the-method-frees-an-unknown-key',
    flaw: 'An answer that came before the method frees a key whose outcome is unknown.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace:
          "const isUnknown = end.decision === 'restore' ? wasUnknown(call) : end.decision !== 'release';",
        by: "const isUnknown = end.decision === 'restore' ? wasUnknown(call) && false : end.decision !== 'release';",
      },
    ],
    caughtBy: [specs('http/before-handlers')],
  },
];
