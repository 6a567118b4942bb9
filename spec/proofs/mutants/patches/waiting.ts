// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { simulation, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Waiting, joining, and replaying. */
export const waiting: readonly Mutant[] = [
  {
    name: 'waiter-runs-when-the-record-vanishes',
    flaw: 'A duplicate that waits and finds no record any more runs without a claim.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: '      const state = record && readState(record);\n',
        by: `      if (!record && !call.hasRun) {
        call.claim = 'open';
        return step.go('running');
      }
      const state = record && readState(record);
`,
      },
    ],
    caughtBy: [specs('engine/call/stale-reads')],
  },
  {
    name: 'expired-outcome-replayed',
    flaw: 'An outcome whose time is over is replayed where the store still has it.',
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: 'if (!isRecordOf(call.key, record) || record.expiresAt <= now.wall) return false;',
        by: 'if (!isRecordOf(call.key, record)) return false;',
      },
    ],
    caughtBy: [simulation, specs('engine/call/ttl')],
  },
  {
    name: 'found-outcome-of-another-request',
    flaw: 'A read that shows an outcome ends the call, whatever the fingerprint of the request was.',
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: "return state.status === 'completed' && !isForAnotherRequest(call, state);",
        by: "return state.status === 'completed';",
      },
    ],
    caughtBy: [specs('key/fingerprint')],
  },
  {
    name: 'joined-by-another-request',
    flaw: 'Calls of one process join by the key alone, so that another request gets this one’s outcome.',
    changes: [
      {
        file: 'lib/engine/machine/state.ts',
        replace: 'this.slot = fingerprint === undefined ? key : `${key} ${fingerprint}`;',
        by: 'this.slot = key;',
      },
    ],
    caughtBy: [specs('key/fingerprint')],
  },
  {
    name: 'joined-beyond-the-lease',
    flaw: 'Duplicates of one process stay with a run whose claim is lost.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/engine/machine/leasing.ts',
        replace: '  call.joinableFor = call.term;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'ended-run-joined-for-ever',
    flaw: 'Duplicates join a run of their process that has ended, and wait for what nothing tells them.',
    changes: [
      {
        file: 'lib/engine/machine/machine.ts',
        replace: "if (call.phase === 'done') process.calls.delete(call.id);",
        by: "if (call.phase === 'done') process.leaders.set(call.slot, call.id);",
      },
    ],
    caughtBy: [specs('engine/call/ttl')],
  },
  {
    name: 'all-run-after-a-release',
    flaw: 'When a run fails, everybody who waited for it goes to the store at once.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: "if (end === 'ended') acquire(step);",
        by: "if (end === 'ended' || end === 'released') acquire(step);",
      },
    ],
    caughtBy: [specs('engine/waiting/crowds')],
  },
  {
    name: 'wait-begins-anew',
    flaw: 'A clock that is set back lets a duplicate wait so much longer.',
    changes: [
      {
        file: 'lib/engine/machine/budgets.ts',
        replace: 'waitedMs + now.steady - phaseSince',
        by: 'waitedMs + now.wall - phaseSince',
      },
      {
        file: 'lib/engine/machine/step.ts',
        replace: 'call.phaseSince = now.steady;',
        by: 'call.phaseSince = now.wall;',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'notice-missed-during-a-look',
    flaw: 'A notice that comes while a waiting call reads is not kept until it listens again.',
    changes: [
      {
        file: 'lib/engine/machine/waiting.ts',
        replace: '  if (call.isNoticed) hurry(step);\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/waiting/notices')],
  },
  {
    name: 'nested-call-waits-for-itself',
    flaw: 'A method that calls itself with its own key waits for its own end.',
    changes: [
      {
        file: 'lib/engine/execution/execution.ts',
        replace: 'return this.call.store === store && this.call.key === key;',
        by: 'return this.call.store === store && this.call.key === key && !this.isRunning;',
      },
    ],
    caughtBy: [specs('engine/execution/reentrancy')],
  },
  {
    name: 'kept-outcome-of-another-request',
    flaw: 'An outcome that the process keeps answers a request with another fingerprint.',
    changes: [
      {
        file: 'lib/engine/driver/local-outcomes.ts',
        replace: '  if (isForAnotherRequest(call, record.state)) return undefined;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/local-outcomes')],
  },
  {
    name: 'kept-beyond-its-expiry',
    flaw: 'An outcome that the process keeps is replayed after its ttl.',
    changes: [
      {
        file: 'lib/engine/driver/local-outcomes.ts',
        replace: 'if (record.expiresAt <= Date.now()) {',
        by: 'if (record.expiresAt <= 0) {',
      },
    ],
    caughtBy: [specs('engine/call/local-outcomes')],
  },
];
