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
        by: '',
      },
    ],
    caughtBy: [tests('engine/claim/faked-clocks', 'timers alone')],
  },
  {
    name: 'lease-by-the-wall-clock-alone',
    flaw: 'A clock that is set back lets a runner believe that its lease is longer than it is.',
    changes: [
      {
        file: 'lib/engine/machine/moment.ts',
        replace: 'return Math.min(until - now.wall, endsAt - now.steady);',
        by: 'return until - now.wall;',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'forgotten-outcome-kept-again',
    flaw: 'An answer that arrives after `forget` resolved puts the forgotten outcome back.',
    changes: [
      {
        file: 'lib/engine/driver/local-outcomes.ts',
        replace: 'if (keepLocal === 0 || !callsOf(store).get(key)?.has(call)) return;',
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
        file: 'lib/engine/driver/local-outcomes.ts',
        replace: '  recordsOf(store, operation)?.delete(key);\n',
        by: '  recordsOf(store, operation)?.get(key);\n',
      },
    ],
    caughtBy: [simulation, specs('engine/call/local-outcomes')],
  },
  {
    name: 'forgotten-outcome-joined',
    flaw: 'A call that begins after `forget` joins one that is about to be told what was forgotten.',
    changes: [
      {
        file: 'lib/engine/machine/freeing.ts',
        replace: 'if (leader?.key === call.key) step',
        by: 'if (isFreed && leader?.key === call.key) step',
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
        file: 'lib/engine/driver/local-outcomes.ts',
        replace: '  else if (other && other.state.fencingToken > state.fencingToken) return;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/forgetting')],
  },
  {
    name: 'found-outcome-of-an-earlier-run',
    flaw: 'A waiting call that was told of the next run replays the forgotten one by a stale read.',
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: 'return state.fencingToken < latestRun;',
        by: 'return state.fencingToken < Number.NEGATIVE_INFINITY * latestRun;',
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
        file: 'lib/engine/driver/driver.ts',
        replace: "if (isNews && (command.do !== 'find' || command.isConsistent)) learn",
        by: "if (isNews && command.do !== 'find') learn",
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
        file: 'lib/engine/machine/freeing.ts',
        replace: '!isAbandoned(step, state))',
        by: 'now.wall < state.leaseUntil)',
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
        file: 'lib/engine/machine/leasing.ts',
        replace: 'termLeft(newTerm(step), now) / 2;',
        by: 'termLeft(newTerm(step), now) / 20;',
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
        file: 'lib/engine/execution/execution.ts',
        replace: '    if (this.#loss) this.#controller.abort(this.#loss);\n',
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
        file: 'lib/engine/machine/acquiring.ts',
        replace: "if (call.turns === 1) return step.go('claiming');",
        by: "if (call.turns < 1_000) return step.go('claiming');",
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
        file: 'lib/engine/machine/leasing.ts',
        replace: 'call.showedEarlierWrite = !isSent;',
        by: 'call.showedEarlierWrite = !isSent && call.sent > 1_000;',
      },
    ],
    caughtBy: [specs('engine/call/endless-changes')],
  },
  {
    name: 'given-up-call-told-twice',
    flaw: 'A store call that was given up is told once more when it fails after all.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: '    if (request?.n !== command.n) return;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/event-attempts')],
  },
  {
    name: 'claim-lost-told-twice',
    flaw: 'A claim whose lease lapsed is told as lost once more when another holder is seen.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: "  if (call.claim !== 'lost') step.tell({ event: 'claim-lost' });",
        by: "  step.tell({ event: 'claim-lost' });",
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
        file: 'lib/engine/machine/leasing.ts',
        replace: '} else if (keepsLease(call)) {',
        by: '} else if (!isCompleted(call)) {',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'joined-attempt-not-told',
    flaw: 'A duplicate that joined a second attempt tells that it waited for the first.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: `  call.attempt = attempt;
  step.tell({ event: 'waited', traceparent });`,
        by: "  step.tell({ event: 'waited', traceparent });",
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
        replace: '    if (consistent) return',
        by: '    if (consistent && name === key) return',
      },
    ],
    caughtBy: [specs('stores/redis/round-trips')],
  },
];
