import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What becomes of a claim: its lease, its completions, and the record of its end. */
export const machineClaims: readonly Mutant[] = [
  {
    name: 'deadline-without-the-renewal',
    flaw: 'No timer starts a renewal, so that it begins when something else happens.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: 'call.request ? NEVER : call.renewsAt',
        by: 'NEVER',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'lapse-unnoticed-during-a-renewal',
    flaw: 'A lease that lapses while a renewal is under way is noticed when that is answered.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: '  if (!keepsLease(call)) return;\n',
        by: '  if (!keepsLease(call) || call.request) return;\n',
      },
      {
        file: 'lib/engine/machine/machine.ts',
        replace: '    at = Math.min(at, endsAt, call.request ? NEVER : call.renewsAt);',
        by: '    if (!call.request) at = Math.min(at, endsAt, call.renewsAt);',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'failed-renewal-not-repeated',
    flaw: 'A renewal that failed is the last one.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'if (call.mayRenew) call.renewsAt = now.steady + rules.lease / 10;',
        by: 'call.renewsAt = NEVER;',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'running-beyond-renew-for',
    flaw: 'A method goes on for a last lease after the time for which it may be renewed.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'return Math.min(termLeft(call.term, now), call.renewUntil - now.steady);',
        by: 'return termLeft(call.term, now);',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'lease-beyond-the-invocation',
    flaw: 'A lease lasts longer than the Lambda invocation, so that the key of a frozen run stays held.',
    changes: [
      {
        file: 'lib/engine/machine/budgets.ts',
        replace: 'Math.min(now.steady + rules.lease, call.endsAt)',
        by: 'Math.min(now.steady + rules.lease, Number.MAX_SAFE_INTEGER)',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'joined-beyond-the-loss',
    flaw: 'Calls that joined a run stay with it when its claim is lost.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: '  step.sendAway(call);\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'completed-and-lost',
    flaw: 'A claim that the method itself has completed is told as lost when its lease ends.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: "(call.claim === 'held' || call.claim === 'renewing') && !isCompleted(call)",
        by: "call.claim === 'held' || call.claim === 'renewing'",
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'completion-before-the-lapse',
    flaw: 'A completion is seen to before the lapse of its lease, which is renewed for it.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: `      keepLease(step);
      grantCompletions(step);
`,
        by: `      grantCompletions(step);
      keepLease(step);
`,
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'completion-renewed-once',
    flaw: 'A method gets no completion after one short fault of the store.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'ask.tries === 2',
        by: 'ask.tries === 1',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'own-completion-overwritten',
    flaw: 'What a method recorded in its transaction is replaced by how it ended.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "if (recording.follows && confirmedOf(call).state.status !== 'in-progress') {",
        by: "if (recording.follows && confirmedOf(call).state.status === 'unknown') {",
      },
    ],
    caughtBy: [specs('engine/execution/repeated-completions')],
  },
  {
    name: 'doubt-forgotten',
    flaw: 'A completion follows a record that a renewal with a lost answer may have replaced.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: '    call.isInDoubt = true;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/execution/completion-patience')],
  },
  {
    name: 'earlier-write-remembered',
    flaw: 'An earlier record of a call counts as an impossible answer, since another one was seen before a fault.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: '    call.showedEarlierWrite = false;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'earlier-write-with-a-new-term',
    flaw: 'A record whose answer was lost lets its call run for a whole lease from when it comes to light.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'if (sent.token === token) return sent.term;',
        by: 'if (sent.token === token && token === step.call.request?.record?.token) return sent.term;',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
  {
    name: 'granted-during-a-renewal',
    flaw: 'A completion is handed out while a renewal is under way that takes its place.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: '  for (let ask = call.asks[0]; ask && !call.request;',
        by: `  if (call.asks[0] && call.claim === 'renewing') return grant(step, call.asks[0]);
  for (let ask = call.asks[0]; ask && !call.request;`,
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'granted-after-the-loss',
    flaw: 'A completion is handed out though the claim was told as lost.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: `    if (call.claim === 'lost') denyNext(step, 'lost');
    else if`,
        by: '    if',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'asked-for-and-never-told',
    flaw: 'A completion that a method asked for and did not await is handed out after it returned.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: '      denyCompletions(step);\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'completion-waits-for-the-renewal',
    flaw: 'A method that asks for its completion waits as long as a renewal takes, though it may hold the connection that this needs.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: 'Math.min(request.giveUpAt, patienceEndsAt)',
        by: 'request.giveUpAt',
      },
    ],
    caughtBy: [specs('engine/execution/completion-patience')],
  },
  {
    name: 'own-completion-taken-for-the-end',
    flaw: 'The completion that a method wrote before it threw counts as the record of what it threw.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: 'from: call.sent + 1',
        by: 'from: 0',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'missing-completion-trusted',
    flaw: 'A read that does not show a completion ends its call, and nothing keeps the completion from being applied later.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: `      else recordWithoutOutcome(step, 'unknown', patienceEnd(step));
    },`,
        by: `      else step.answer({ with: 'not-applied', isUnanswered: false }, 'released');
    },`,
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'deleted-record-not-restored',
    flaw: 'The outcome of a run whose record was deleted is not recorded.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "      if (written === 'missing') return step.claim(record, now.wall, limitOf(step));",
        by: "      if (written === 'missing') return recorded(step, 'unanswered');",
      },
    ],
    caughtBy: [specs('engine/call/faults')],
  },
  {
    name: 'unknown-expires-as-released',
    flaw: 'An unknown outcome expires like a key that was freed, and the work is done again.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "status === 'released' ? unsettled(rules, now.wall) : unresolved(rules, now.wall)",
        by: 'unsettled(rules, now.wall)',
      },
    ],
    caughtBy: [specs('record/unsettled-expiry')],
  },
  {
    name: 'open-run-waits-as-long',
    flaw: 'The caller of a run without a claim waits five seconds more for a store that is out of reach.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "call.claim === 'open' ? OPEN_PATIENCE_MS : PATIENCE_MS",
        by: 'PATIENCE_MS',
      },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'recording-into-the-end',
    flaw: 'A Lambda invocation is over before its caller hears of a store that does not answer.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace:
          "return Math.min(now.steady + (call.claim === 'open' ? OPEN_PATIENCE_MS : PATIENCE_MS), call.endsAt);",
        by: "return now.steady + (call.claim === 'open' ? OPEN_PATIENCE_MS : PATIENCE_MS);",
      },
    ],
    caughtBy: [specs('request/lambda')],
  },
  {
    name: 'recorded-behind-a-frozen-answer',
    flaw: 'A call goes on recording behind its answer where nothing runs on, as in Lambda.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "if (call.stopsWithAnswer || call.claim === 'open') return;",
        by: "if (call.claim === 'open') return;",
      },
    ],
    caughtBy: [specs('request/lambda')],
  },
  {
    name: 'lost-and-run-again',
    flaw: 'A call that lost its claim and found no successor claims the key, and runs its method again.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: '  call.hasRun = true;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/claim/lost-lease')],
  },
  {
    name: 'bookkeeping-keeps-the-process',
    flaw: 'A process that has nothing else to do stays alive for its renewals.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: 'return !call.isAnswered && (!isWorking(call) || call.asks.length > 0);',
        by: 'return !call.isAnswered;',
      },
    ],
    caughtBy: [specs('engine/claim/lease')],
  },
];
