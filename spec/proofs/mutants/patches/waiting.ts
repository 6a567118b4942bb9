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
        file: 'lib/engine/acquire.ts',
        replace: '        return found && ',
        by: `        if (!found && !(await call.store.find(call.key))) return { kind: 'open', claim };
        return found && `,
      },
    ],
    caughtBy: [specs('engine/call/stale-reads')],
  },
  {
    name: 'expired-outcome-replayed',
    flaw: 'An outcome whose time is over is replayed where the store still has it.',
    changes: [
      {
        file: 'lib/engine/call/verdict.ts',
        replace: 'if (!isRecordOf(call.key, record) || record.expiresAt <= now) return false;',
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
        file: 'lib/engine/call/verdict.ts',
        replace: "return state.status === 'completed' && !differs(call, state);",
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
        file: 'lib/engine/waiting/local-runs.ts',
        replace: 'return `${key} ${fingerprint}`;',
        by: 'return `${key} ${fingerprint.slice(0, 0)}`;',
      },
    ],
    caughtBy: [specs('key/fingerprint')],
  },
  {
    name: 'joined-beyond-the-lease',
    flaw: 'Duplicates of one process stay with a run whose claim is lost.',
    changes: [
      {
        file: 'lib/engine/waiting/local-runs.ts',
        replace: 'const left = Math.min(until - steadyNow(), this.term.left);',
        by: 'const left = until - steadyNow();',
      },
      {
        file: 'lib/engine/waiting/local-runs.ts',
        replace: 'return run && run.term.left > 0 ? run : undefined;',
        by: 'return run;',
      },
    ],
    caughtBy: [specs('engine/schedules')],
  },
  {
    name: 'ended-run-joined-for-ever',
    flaw: 'The outcome of a run is handed out by its process for as long as that lives.',
    changes: [
      {
        file: 'lib/engine/waiting/local-runs.ts',
        replace: '    this.#leave();\n    this.#end = end;',
        by: '    this.#end = end;',
      },
      {
        file: 'lib/engine/waiting/local-runs.ts',
        replace: 'return run && run.term.left > 0 ? run : undefined;',
        by: 'return run;',
      },
    ],
    caughtBy: [specs('engine/call/ttl')],
  },
  {
    name: 'all-run-after-a-release',
    flaw: 'When a run fails, everybody who waited for it goes to the store at once.',
    changes: [
      {
        file: 'lib/engine/waiting/local-runs.ts',
        replace: "if (end === 'ended') return own;",
        by: "if (end === 'ended' || end === 'released') return own;",
      },
    ],
    caughtBy: [specs('engine/waiting/crowds')],
  },
  {
    name: 'wait-begins-anew',
    flaw: 'A clock that is set back lets a duplicate wait so much longer.',
    changes: [
      {
        file: 'lib/engine/call/call.ts',
        replace: 'const from = steadyNow();',
        by: 'const from = Date.now();',
      },
      {
        file: 'lib/engine/call/call.ts',
        replace: 'this.#waited += steadyNow() - from;',
        by: 'this.#waited += Date.now() - from;',
      },
    ],
    caughtBy: [specs('engine/claim/clock-changes')],
  },
  {
    name: 'notice-missed-during-a-look',
    flaw: 'A notice that comes while a waiting call reads is not kept until it listens again.',
    changes: [
      {
        file: 'lib/engine/waiting/listening.ts',
        replace: 'if (!this.#isDue) await this.#wokenWithin(delay);',
        by: 'await this.#wokenWithin(delay);',
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
        file: 'lib/engine/call/local-outcomes.ts',
        replace: 'if (record.state.fingerprint !== call.fingerprint) return undefined;',
        by: 'if (record.state.fingerprint === null) return undefined;',
      },
    ],
    caughtBy: [specs('engine/call/local-outcomes')],
  },
  {
    name: 'kept-beyond-its-expiry',
    flaw: 'An outcome that the process keeps is replayed after its ttl.',
    changes: [
      {
        file: 'lib/engine/call/local-outcomes.ts',
        replace: 'if (record.expiresAt <= Date.now()) {',
        by: 'if (record.expiresAt <= 0) {',
      },
    ],
    caughtBy: [specs('engine/call/local-outcomes')],
  },
];
