import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const everyOrder = specs('proofs/driver/driver');
const driver = 'lib/engine/driver/driver.ts';

/** How the machine's commands are carried out: contexts, turns, timers and the store's ports. */
export const drivers: readonly Mutant[] = [
  {
    name: 'goes-on-in-the-context-of-the-waker',
    flaw: 'A joined call goes on in the asynchronous context of the call that wakes it.',
    changes: [
      {
        file: driver,
        replace: `    if (this.#unpark) this.#unpark();
    else this.#deliver(this.#time());`,
        by: '    this.#deliver(this.#time());',
      },
    ],
    caughtBy: [everyOrder, specs('engine/driver/contexts')],
  },
  {
    name: 'no-queue-of-events',
    flaw: 'An event that comes while a command is carried out is applied at once.',
    survivedAtFirst: true,
    changes: [{ file: driver, replace: 'if (this.#isBusy) {', by: 'if (this.#isBusy && !first) {' }],
    caughtBy: [specs('engine/execution/completion')],
  },
  {
    name: 'queued-event-lost',
    flaw: 'An event that comes while a command is carried out is forgotten.',
    changes: [
      {
        file: driver,
        replace: '        if (!this.#event) break;\n',
        by: '        this.#event = undefined;\n        if (!this.#event) break;\n',
      },
    ],
    caughtBy: [everyOrder],
  },
  {
    name: 'method-in-the-turn-of-the-call',
    flaw: 'With a store that returns values, the method begins before the call has returned its promise.',
    changes: [
      {
        file: driver,
        replace: 'if (this.#isBeginning) void settled.then(begin);\n    else begin();',
        by: 'begin();',
      },
    ],
    caughtBy: [everyOrder, specs('engine/driver/beginning')],
  },
  {
    name: 'timer-of-an-ended-call',
    flaw: 'The timer of a call goes on when the call has ended.',
    changes: [
      {
        file: driver,
        replace: '      this.#alarm?.stop();\n      this.#unpark = undefined;',
        by: '      this.#unpark = undefined;',
      },
    ],
    caughtBy: [everyOrder],
  },
  {
    name: 'timers-of-bookkeeping-awaited',
    flaw: 'A renewal keeps the process alive.',
    changes: [
      {
        file: driver,
        replace: 'this.#alarm.set(deadline(this.#process.state, state, now), isWaitedFor);',
        by: 'this.#alarm.set(deadline(this.#process.state, state, now), true);',
      },
    ],
    caughtBy: [everyOrder],
  },
  {
    name: 'timers-of-callers-not-awaited',
    flaw: 'A process ends although a caller waits for its answer.',
    changes: [
      {
        file: driver,
        replace: 'this.#alarm.set(deadline(this.#process.state, state, now), isWaitedFor);',
        by: 'this.#alarm.set(deadline(this.#process.state, state, now), false);',
      },
    ],
    caughtBy: [everyOrder],
  },
  {
    name: 'joined-call-never-removed',
    flaw: 'The process keeps each call that has joined another one.',
    changes: [{ file: driver, replace: '    else if (joined.size > 0) joined.delete(id);\n', by: '' }],
    caughtBy: [everyOrder],
  },
  {
    name: 'ended-calls-in-tables-put-aside',
    flaw: 'What V8 has put aside of a map keeps the calls that have ended, so that garbage collections copy them.',
    changes: [
      {
        file: 'lib/engine/machine/few-map.ts',
        replace: '    if (box) box.value = undefined;\n    return',
        by: '    if (!box) return false;\n    return',
      },
    ],
    caughtBy: [specs('engine/machine/few-map')],
  },
  {
    name: 'given-up-requests-heard',
    flaw: 'What comes of a store call that was given up is told as news about the store.',
    changes: [{ file: driver, replace: '    if (request?.n !== command.n) return;\n', by: '' }],
    caughtBy: [specs('engine/driver/late-answers')],
  },
  {
    name: 'listens-after-the-wait',
    flaw: 'A call that does not wait any more listens to the notices of its store.',
    changes: [{ file: driver, replace: '      this.#listening?.abort();\n', by: '' }],
    caughtBy: [everyOrder],
  },
  {
    name: 'past-a-spy-on-a-read',
    flaw: 'The synchronous steps of an in-memory store are used past a spy on `find`.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: ' && store.find === find',
        by: '',
      },
    ],
    caughtBy: [specs('engine/driver/in-memory-steps')],
  },
  {
    name: 'in-memory-argument-returned',
    flaw: 'The in-memory store returns the record that it keeps, which its new owner may change.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: '    return copyOf(this.#steps.claim(copyOf(record), now));\n',
        by: '    return this.#steps.claim(copyOf(record), now);\n',
      },
    ],
    caughtBy: [specs('engine/driver/in-memory-steps')],
  },
  {
    name: 'commands-carried-out-again',
    flaw: 'What the machine said for one event is carried out with the next one, too.',
    changes: [{ file: driver, replace: '        while (out.length > 0) out.pop();\n', by: '' }],
    caughtBy: [everyOrder],
  },
  {
    name: 'second-call-displaces-the-first',
    flaw: 'Of several calls under way, the process knows only the one that began last.',
    changes: [
      {
        file: 'lib/engine/machine/few-map.ts',
        replace: 'else if (!this.#hasOne || this.#key === key) {',
        by: 'else if (key !== undefined) {',
      },
    ],
    caughtBy: [specs('engine/machine/few-map')],
  },
  {
    name: 'call-kept-twice',
    flaw: 'A key that is set again while it is among others is there twice, and stays after it was deleted.',
    changes: [
      {
        file: 'lib/engine/machine/few-map.ts',
        replace: 'const box = this.#others.size === 0 ? undefined',
        by: 'const box = !this.#hasOne ? undefined',
      },
    ],
    caughtBy: [specs('engine/machine/few-map')],
  },
];
