import { model, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What a call does: its phases, its time to wait, and the calls that it joins. */
export const machineCalls: readonly Mutant[] = [
  {
    name: 'deadline-without-the-store-call',
    flaw: 'No timer ends a store call that hangs, so that it is given up when something else happens.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: '  if (call.request) at = Math.min(at, giveUpAt(call, call.request));\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/hanging-store')],
  },
  {
    name: 'answer-of-another-request',
    flaw: 'The answer to a store call that was given up counts as the answer to the one that followed it.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: 'if (call.request?.n === event.request) answered(',
        by: 'if (call.request) answered(',
      },
    ],
    caughtBy: [specs('engine/call/stale-reads'), model],
  },
  {
    name: 'time-before-the-event',
    flaw: 'Time passes before an event is applied, so that an answer which is there is thrown away for a timer that is overdue.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: '    apply(step, event);\n',
        by: `    passTime(step);
    apply(step, event);
`,
      },
    ],
    caughtBy: [specs('engine/call/hanging-store')],
  },
  {
    name: 'store-call-repeated-twice',
    flaw: 'A write whose answer is lost is sent three times before its caller hears of it.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: 'if (again && call.tries === 1) again',
        by: 'if (again && call.tries <= 2) again',
      },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'failed-read-refuses',
    flaw: 'A waiting call whose read fails is refused.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: "    failed: (step) => step.go('waiting'),\n",
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/hanging-store')],
  },
  {
    name: 'failed-first-read-refuses',
    flaw: 'A call that reads first is refused where that read fails.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: `    failed: (step) => step.go('claiming'),
  },

  claiming`,
        by: `  },

  claiming`,
      },
    ],
    caughtBy: [specs('engine/call/stale-reads')],
  },
  {
    name: 'recovery-skipped',
    flaw: 'A call that takes over an abandoned key runs its method, and the recovery function is not asked.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: "step.go(asks ? 'recovering' : 'running');",
        by: "step.go('running');",
      },
    ],
    caughtBy: [specs('engine/claim/abandoned')],
  },
  {
    name: 'asked-at-the-end',
    flaw: 'A call begins to ask for its key when hardly anything is left of its Lambda invocation.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: `  if (isEnding(step)) step.refuse({ reason: 'ending' });
  else step.go(step.rules`,
        by: '  step.go(step.rules',
      },
    ],
    caughtBy: [specs('request/lambda')],
  },
  {
    name: 'counted-at-the-end',
    flaw: 'A run that the recovery function asked for begins when hardly anything is left of its Lambda invocation.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: "  if (isEnding(step)) return step.go('giving-back');\n",
        by: '',
      },
    ],
    caughtBy: [specs('request/lambda-endings')],
  },
  {
    name: 'count-of-an-earlier-record',
    flaw: 'A run that the recovery function asked for begins by an earlier record, in which it is not counted.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: "written === 'written' && termLeft(call.term, now) > 0",
        by: 'termLeft(call.term, now) > 0',
      },
    ],
    caughtBy: [specs('engine/claim/abandoned')],
  },
  {
    name: 'counted-under-a-lapsed-lease',
    flaw: 'A run that the recovery function asked for begins, though its lease lapsed before the answer came.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: "written === 'written' && termLeft(call.term, now) > 0",
        by: "written === 'written'",
      },
    ],
    caughtBy: [specs('engine/claim/lost-lease')],
  },
  {
    name: 'open-beside-a-joined-run',
    flaw: 'A call that joined a run of its process runs without a claim where the store fails after that run.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: "  if (from === 'new') call.hasSeenHolder = true;\n",
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'open-beside-a-read-holder',
    flaw: 'A call that read who holds the key runs without a claim where its own claim fails.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: '      if (record && record.expiresAt > step.now.wall) step.call.hasSeenHolder = true;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'open-beside-a-joinable-run',
    flaw: 'A call that may not wait runs without a claim beside an equal one of its process.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: "fault !== 'misused' && !step.joinable();",
        by: "fault !== 'misused';",
      },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'given-back-as-an-attempt',
    flaw: 'A claim that is given back at the end of a Lambda invocation counts as an attempt.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: "status: 'released' as const, attempt: 0, fencingToken, about }\n",
        by: "status: 'released' as const, attempt: state.attempt, fencingToken, about }\n",
      },
    ],
    caughtBy: [specs('request/lambda-endings')],
  },
  {
    name: 'given-back-as-released',
    flaw: 'An abandoned key whose new claim is given back is free, and the recovery function is never asked.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: "before === undefined || before.status === 'completed'",
        by: "before === undefined || before.status !== 'released'",
      },
    ],
    caughtBy: [specs('request/lambda-endings')],
  },
  {
    name: 'begun-at-the-end',
    flaw: 'A run begins though the answer to its claim took what was left of a Lambda invocation.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: `      if (isEnding(step)) step.go('giving-back');
      else if`,
        by: '      if',
      },
    ],
    caughtBy: [specs('request/lambda')],
  },
  {
    name: 'take-over-drops-fields',
    flaw: 'A take-over drops what a later version has written into the record.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: 'draftInProgress(step, run, state)',
        by: 'draftInProgress(step, run)',
      },
    ],
    caughtBy: [specs('record/later-fields')],
  },
  {
    name: 'renewal-drops-fields',
    flaw: 'A renewal drops what a later version has written into the record.',
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: 'draftInProgress(step, run, state)',
        by: 'draftInProgress(step, run)',
      },
    ],
    caughtBy: [specs('record/later-fields')],
  },
  {
    name: 'fencing-token-of-the-run-before',
    flaw: 'A take-over keeps the fencing token where the clock is behind, so that a resource takes two runs for one.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: 'Math.max(state.fencingToken + 1, now.wall)',
        by: 'Math.max(state.fencingToken, now.wall)',
      },
    ],
    caughtBy: [specs('decorator/inspection')],
  },
  {
    name: 'no-pause-after-a-missing-record',
    flaw: 'A call whose take-over finds no record claims at once, again and again.',
    changes: [
      {
        file: 'lib/engine/machine/acquiring.ts',
        replace: 'step.pause(Math.min(backoff(call.claims, now.chance), left));',
        by: 'step.pause(0);',
      },
    ],
    caughtBy: [specs('engine/call/misbehaving-stores')],
  },
  {
    name: 'wait-never-charged',
    flaw: 'Each pause has the whole time that a call may wait, so that it waits without end.',
    changes: [
      {
        file: 'lib/engine/machine/step.ts',
        replace: '    call.waitedMs = waited(call, now);\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/endless-changes')],
  },
  {
    name: 'wait-charged-twice',
    flaw: 'The time that a call has waited is charged once more with every step.',
    changes: [
      {
        file: 'lib/engine/machine/step.ts',
        replace: 'call.waitedMs = waited(call, now);',
        by: 'call.waitedMs += waited(call, now);',
      },
    ],
    caughtBy: [specs('engine/waiting/crowds')],
  },
  {
    name: 'run-charged-as-waiting',
    flaw: 'The time that a method runs is charged to the time that its call may wait.',
    changes: [
      {
        file: 'lib/engine/machine/budgets.ts',
        replace: "    case 'probing':\n      return waitedMs",
        by: "    case 'probing':\n    case 'running':\n      return waitedMs",
      },
    ],
    caughtBy: [specs('engine/claim/lost-lease')],
  },
  {
    name: 'waiting-into-the-end',
    flaw: 'A call waits until its Lambda invocation is over, and nothing is left for an answer.',
    changes: [
      {
        file: 'lib/engine/machine/budgets.ts',
        replace: 'call.endsAt - LAMBDA_MARGIN_MS - now.steady',
        by: 'call.endsAt - now.steady',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'joined-and-not-woken',
    flaw: 'A call that joined is told how the run ended, and sees it when its time to wait is over.',
    changes: [
      {
        file: 'lib/engine/machine/step.ts',
        replace: `    this.wakeFollowers(leader);
    leader.followers = [];`,
        by: '    leader.followers = [];',
      },
    ],
    caughtBy: [specs('decorator/inspection')],
  },
  {
    name: 'shorter-lease-not-told',
    flaw: 'A call that joined before the claim was answered stays beyond the lease.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: '  if (isShorter) step.wakeFollowers(call);\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'leader-displaced',
    flaw: 'A call that gets its claim takes the place of the one that equal calls join already.',
    changes: [
      {
        file: 'lib/engine/machine/step.ts',
        replace: 'if (!this.joinable()) process.leaders',
        by: 'process.leaders',
      },
    ],
    caughtBy: [specs('engine/call/fail-open')],
  },
  {
    name: 'failure-in-single-file',
    flaw: 'Of many calls that joined one which the store failed, each asks the store when the one before it has failed, too.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: `  if (end === 'ended') acquire(step);
  // Of those that a released run leaves behind, one goes to the store and the rest join it.
  else joinOrAcquire(step);`,
        by: '  joinOrAcquire(step);',
      },
    ],
    caughtBy: [specs('engine/call/hanging-store')],
  },
  {
    name: 'joined-outcome-of-an-earlier-run',
    flaw: 'A waiting call that was told of the next run gets the outcome of the one before, which an equal call of its process had.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: "typeof end === 'object' && !isOutdated(call, end.record)",
        by: "typeof end === 'object'",
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'stale-read-forgets-the-run',
    flaw: 'A stale read makes a waiting call forget which run it was told of.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: '  if (isRead && fencingToken <= call.latestRun) return;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'reading-into-the-lapse',
    flaw: 'A read that hangs keeps a waiting call beyond the moment at which it may take over.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: 'step.find(false, step.call.lookUntil - step.now.steady)',
        by: 'step.find(false)',
      },
    ],
    caughtBy: [specs('engine/call/hanging-store')],
  },
  {
    name: 'read-at-the-end',
    flaw: 'A waiting call reads once more at the very end of its wait, and claims only then.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: `      if (now.steady >= call.lookUntil) step.go('waiting');
      else step.go('looking');`,
        by: "      step.go('looking');",
      },
    ],
    caughtBy: [specs('engine/waiting/crowds')],
  },
  {
    name: 'lost-notices-unnoticed',
    flaw: 'A waiting call whose store gives no notices any more still relies on them for one pause.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace:
          "      if (call.notices === 'on' && call.phase === 'waiting') call.dueAt = step.now.steady;\n",
        by: '',
      },
    ],
    caughtBy: [specs('engine/waiting/notices')],
  },
  {
    name: 'read-at-every-notice',
    flaw: 'A stream of notices that lead to nothing new makes a waiting call read almost without a pause.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: 'const SHORTEST_PAUSE_MS = 20;',
        by: 'const SHORTEST_PAUSE_MS = 1;',
      },
    ],
    caughtBy: [specs('engine/waiting/notices')],
  },
  {
    name: 'deaf-while-reading',
    flaw: 'A waiting call listens for no notice while it reads, so that what happens meanwhile is missed.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: "(phase === 'waiting' || phase === 'looking') && notices !== 'none'",
        by: "phase === 'waiting' && notices !== 'none'",
      },
    ],
    caughtBy: [specs('engine/waiting/notices')],
  },
  {
    name: 'forgetting-without-a-pause',
    flaw: 'Freeing a key writes again and again without a pause while others replace the record.',
    changes: [
      {
        file: 'lib/engine/machine/freeing.ts',
        replace: 'if (call.turns === 1) return free(step);',
        by: 'if (call.turns < 1_000) return free(step);',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'forgetting-without-an-end',
    flaw: 'Freeing a key never ends while others replace the record.',
    changes: [
      {
        file: 'lib/engine/machine/freeing.ts',
        replace: "yielding: { due: (step) => step.go('freeing') },",
        by: "yielding: { due: (step) => step.go('inspecting') },",
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'ended-run-never-left',
    flaw: 'What equal calls join is remembered for every key, so that the memory of a process grows.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/step.ts',
        replace:
          '    if (process.leaders.get(leader.slot) === leader.id) process.leaders.delete(leader.slot);\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/faults')],
  },
];
