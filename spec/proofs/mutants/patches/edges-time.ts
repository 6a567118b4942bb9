import { simulation, specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Clocks, forgetting, and what events tell. */
export const edgesOfTime: readonly Mutant[] = [
  {
    name: 'budgets-by-the-wall-clock',
    flaw: 'A clock that is set back gives every wait and every retry so much longer.',
    changes: [
      {
        file: 'lib/process/steady-clock.ts',
        replace: 'const now = Math.floor(performance.now() * FRACTIONS) / FRACTIONS + clock.ahead;',
        by: 'return Date.now() + clock.ahead * 0;\n  const now = FRACTIONS;',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'timers-move-no-clock',
    flaw: 'Where a test fakes timers and not the clock that budgets are measured by, no wait ever ends.',
    changes: [
      {
        file: 'lib/process/timers.ts',
        replace: '    reachSteady(dueAt);\n',
        by: '    reachSteady(Number.NEGATIVE_INFINITY * dueAt);\n',
      },
    ],
    caughtBy: [tests('engine/claim/faked-clocks', 'timers alone')],
  },
  {
    name: 'lease-by-the-wall-clock-alone',
    flaw: 'A clock that is set back lets a runner believe that its lease is longer than it is.',
    changes: [
      {
        file: 'lib/process/steady-clock.ts',
        replace: 'return Math.min(this.until - Date.now(), this.endsAt - steadyNow());',
        by: 'return this.until - Date.now();',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'forgotten-outcome-kept-again',
    flaw: 'An answer that arrives after `forget` resolved puts the forgotten outcome back.',
    changes: [
      {
        file: 'lib/engine/call/local-outcomes.ts',
        replace: 'if (keepLocal === 0 || call.isForgotten) return;',
        by: 'if (keepLocal === 0) return;',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'forgotten-outcome-not-dropped',
    flaw: 'A process goes on to return the outcome that it has forgotten.',
    changes: [
      {
        file: 'lib/engine/call/local-outcomes.ts',
        replace: '  recordsOf(store, operation)?.delete(key);\n  for',
        by: '  recordsOf(store, operation)?.get(key);\n  for',
      },
    ],
    caughtBy: [simulation, specs('engine/call/local-outcomes')],
  },
  {
    name: 'forgotten-outcome-joined',
    flaw: 'A call that begins after `forget` joins one that is about to be told what was forgotten.',
    changes: [
      {
        file: 'lib/decorator/record-handle.ts',
        replace: '    leaveRuns(call);\n    return isFreed;',
        by: '    if (isFreed) leaveRuns(call);\n    return isFreed;',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'earlier-run-kept-over-a-later-one',
    flaw: 'An old answer puts an earlier run in place of the later one that the process keeps.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/call/local-outcomes.ts',
        replace: 'if (other && isLater(other, record)) return;',
        by: 'if (other === record) return;',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'found-outcome-of-an-earlier-run',
    flaw: 'A waiting call that was told of the next run replays the forgotten one by a stale read.',
    changes: [
      {
        file: 'lib/engine/call/call.ts',
        replace: 'return state.fencingToken < this.#latest;',
        by: 'return state.fencingToken < Number.NEGATIVE_INFINITY * this.#latest;',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'transactional-completion-not-kept',
    flaw: 'The outcome of a method that writes its own completion is asked for at the store each time, whatever `keepLocal` says.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/settle.ts',
        replace: '  call.recorded = record;\n  keepLocally(call, record);\n}',
        by: '  call.recorded = record;\n  if (record.expiresAt < 0) keepLocally(call, record);\n}',
      },
    ],
    caughtBy: [specs('engine/call/local-outcomes')],
  },
  {
    name: 'forget-ignores-the-tolerance',
    flaw: 'An unforced `forget` takes the key of a call that may still be running by its own clock.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/decorator/record-handle.ts',
        replace: '!isForced && Date.now() < abandonedAt(call, state)',
        by: '!isForced && Date.now() < abandonedAt(call, state) - call.settings.clockTolerance',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'completion-renews-too-late',
    flaw: 'A completion is handed out though only a twentieth of the lease is left for the transaction.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/execution/execution.ts',
        replace: 'claim.term.left < call.newTerm().left / 2;',
        by: 'claim.term.left < call.newTerm().left / 20;',
      },
    ],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'signal-asked-for-late-never-aborts',
    flaw: 'A method that first asks for its signal when the claim is lost already is not told.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: '    if (this.#lossError) this.#controller.abort(this.#lossError);\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/claim/lost-lease')],
  },
  {
    name: 'endless-take-overs',
    flaw: 'A record that is released under a new token each time is taken over again and again, in one turn of the event loop.',
    changes: [
      {
        file: 'lib/engine/call/call.ts',
        replace: 'if (this.#turns === 1) return;',
        by: 'if (this.#turns < 1_000) return;',
      },
    ],
    caughtBy: [specs('engine/call/endless-changes')],
  },
  {
    name: 'own-records-one-after-another',
    flaw: 'A store that answers each write with an earlier one of the same call is written to without end.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/claim/claim.ts',
        replace: '    this.#showedEarlierWrite = !isSent;\n',
        by: '    this.#showedEarlierWrite = !isSent && this.#sent > 1_000;\n',
      },
    ],
    caughtBy: [specs('engine/call/endless-changes')],
  },
  {
    name: 'given-up-call-told-twice',
    flaw: 'A store call that was given up is told once more when its answer comes.',
    survivedAtFirst: true,
    changes: [{ file: 'lib/engine/call/store-calls.ts', replace: '      if (isOver) return;\n', by: '' }],
    caughtBy: [specs('engine/event-attempts')],
  },
  {
    name: 'claim-lost-told-twice',
    flaw: 'A claim whose lease lapsed is told as lost once more when another holder is seen.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/settle.ts',
        replace: "  if (!lease?.lossError) call.publish('claim-lost', () => ({}));",
        by: "  if (lease) call.publish('claim-lost', () => ({}));",
      },
    ],
    caughtBy: [specs('engine/event-attempts')],
  },
  {
    name: 'renewal-told-after-the-lapse',
    flaw: 'A renewal is told that came too late to keep the claim.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/claim/lease.ts',
        replace: 'if (this.#lossError) break;\n',
        by: "if (this.#lossError) {\n          call.publish('renewed', () => ({ leaseUntil: this.claim.term.until }));\n          break;\n        }\n",
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'joined-attempt-not-told',
    flaw: 'A duplicate that joined a second attempt tells that it waited for the first.',
    changes: [
      {
        file: 'lib/engine/waiting/local-runs.ts',
        replace: '    call.attempt = run.call.attempt;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/event-attempts')],
  },
  {
    name: 'redis-consistent-find-is-not',
    flaw: 'A consistent read goes to whichever replica of Redis the client reads from.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/stores/redis/redis-store.ts',
        replace: '        consistent\n          ? this.#run',
        by: '        consistent && name === key\n          ? this.#run',
      },
    ],
    caughtBy: [specs('stores/redis/round-trips')],
  },
];
