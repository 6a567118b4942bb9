// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** The test that kills a service everywhere, and the check of a store. */
export const crashTests: readonly Mutant[] = [
  {
    name: 'crash-after-does-nothing',
    flaw: 'A crash after an effect is one before it.',
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace:
          "      await this.#apply(operation);\n      await this.#crash(process, 'crash after', asked.name);",
        by: "      await this.#crash(process, 'crash after', asked.name);",
      },
    ],
    caughtBy: [specs('testing/crash/mistakes')],
  },
  {
    name: 'lost-answer-was-not-done',
    flaw: 'An effect whose answer is lost is not done.',
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace:
          "      await this.#apply(operation);\n      this.#noteFault(process, 'lost answer', asked.name);",
        by: "      this.#noteFault(process, 'lost answer', asked.name);",
      },
    ],
    caughtBy: [specs('testing/crash/mistakes'), specs('testing/crash/crash-test')],
  },
  {
    name: 'zombies-stay-asleep',
    flaw: 'A process that stands still never goes on.',
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace: "yield { label: `${name} ${state === 'suspended' ? 'goes on' : 'hears again'}`, take };",
        by: 'yield { label: `${name} hears again`, take };',
      },
      {
        file: 'lib/testing/crash/world.ts',
        replace: "if ((state !== 'suspended' && state !== 'lapsing') ||",
        by: "if (state === 'suspended' || state !== 'lapsing' ||",
      },
    ],
    caughtBy: [specs('testing/crash/mistakes')],
  },
  {
    name: 'dead-process-goes-on',
    flaw: 'What a process had asked for is done after its death, and it goes on.',
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace: "    process.state = 'dead';\n    forgetComputed(process);\n",
        by: "    if (!this.calls.every(({ end }) => end)) return;\n    process.state = 'dead';\n    forgetComputed(process);\n",
      },
    ],
    caughtBy: [specs('testing/crash/mistakes'), specs('testing/crash/crash-test')],
  },
  {
    name: 'nobody-sends-again',
    flaw: 'A call whose process died is not made again.',
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace: '    call?.resend(RESEND_MS);\n',
        by: "    if (call) call.end ??= { error: new Error('it died'), deliveries: call.deliveries };\n",
      },
    ],
    caughtBy: [specs('testing/crash/mistakes')],
  },
  {
    name: 'states-known-by-their-order-alone',
    flaw: 'Two histories are taken for the same where effects were given other arguments.',
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace: 'let words = textOf(value).slice(0, LONGEST_WORDS);',
        by: 'let words = textOf(value).slice(0, LONGEST_WORDS).slice(0, 0);',
      },
    ],
    caughtBy: [specs('testing/crash/exploring')],
  },
  {
    name: 'timers-wait-for-all-else',
    flaw: 'A timer that is due fires only when nothing else can happen, which hides races after a wait.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace: '(!isBusy || timer.at <= this.now)',
        by: '!isBusy',
      },
    ],
    caughtBy: [specs('testing/crash/exploring')],
  },
  {
    name: 'senders-wait-for-all-else',
    flaw: 'A call is sent again only when nothing else can happen, so never beside another one.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/testing/crash/world.ts',
        replace: '(!isBusy || call.resendSince === this.taken)',
        by: '!isBusy',
      },
    ],
    caughtBy: [specs('testing/crash/exploring')],
  },
  {
    name: 'find-is-no-stop',
    flaw: 'A read of a store of the user is done at once, and never after what others write.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/testing/crash/crash-store.ts',
        replace: '        () => !steps,\n',
        by: '        () => false,\n',
      },
    ],
    caughtBy: [specs('testing/crash/exploring')],
  },
  {
    name: 'stand-ins-take-the-lease',
    flaw: 'Time that passes in an effect passes for the processes, whose timers stand still meanwhile.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/testing/crash/outside.ts',
        replace: '    this.#passed += Math.max(0, next.at - clock.now);\n',
        by: '    (this.world as { now: number }).now = Math.max(clock.now, next.at);\n',
      },
      {
        file: 'lib/testing/crash/outside.ts',
        replace: '    world: { readonly now: number },\n',
        by: '    readonly world: { readonly now: number },\n',
      },
    ],
    caughtBy: [specs('testing/crash/real-work')],
  },
  {
    name: 'first-find-is-told',
    flaw: 'A history is told as it was found, with faults and switches that it does not need.',
    changes: [
      {
        file: 'lib/testing/crash/explore.ts',
        replace: '    if (found.faults < 2) return found;\n',
        by: '    if (found.faults < 100) return found;\n',
      },
    ],
    caughtBy: [specs('testing/crash/exploring')],
  },
  {
    name: 'processes-share-their-memory',
    flaw: 'What the library remembers in a process, it remembers in all of them.',
    changes: [
      {
        file: 'lib/testing/crash/take-turn.ts',
        replace: '  splitMemories,\n',
        by: '  () => (splitMemories === undefined ? splitMemories : () => {}),\n',
      },
    ],
    caughtBy: [specs('testing/crash/crash-test')],
  },
  {
    name: 'time-passes-while-it-computes',
    flaw: 'Time passes while a process waits for what is computed elsewhere.',
    changes: [
      {
        file: 'lib/testing/crash/real-work.ts',
        replace: '    if (work.process === process && (callsBack || isIdle())) return true;\n',
        by: '    if (work.process !== process && work.process === undefined && isIdle()) return true;\n',
      },
    ],
    caughtBy: [specs('testing/crash/real-work')],
  },
  {
    name: 'unwrapped-io-is-done',
    flaw: 'Input and output that nobody wrapped is done, and not seen.',
    changes: [
      {
        file: 'lib/testing/crash/real-work.ts',
        replace: '  process.reached ??= { what, ...place };\n',
        by: "  if (what === '') process.reached ??= { what, ...place };\n",
      },
    ],
    caughtBy: [specs('testing/crash/real-work')],
  },
  {
    name: 'effects-sleep-for-real',
    flaw: 'What sleeps in an effect or in setUp takes real time.',
    changes: [
      {
        file: 'lib/testing/crash/outside.ts',
        replace: 'return this.realParts.areSeen ? undefined : this.#timers;',
        by: 'return this.realParts.areSeen || this.#timers ? undefined : this.#timers;',
      },
    ],
    caughtBy: [specs('testing/crash/real-work')],
  },
  {
    name: 'virtual-time-stays',
    flaw: 'Timers and clocks of the process stay replaced after the test.',
    changes: [
      {
        file: 'lib/testing/crash/take-turn.ts',
        replace: 'for (const one of undo.reverse()) one();',
        by: 'for (const one of undo.reverse().slice(0, -1)) one();',
      },
    ],
    caughtBy: [specs('testing/crash/crash-test')],
  },
  {
    name: 'conflict-is-committed',
    flaw: 'A transaction of the test database commits, though another one has changed what it had read.',
    changes: [
      {
        file: 'lib/testing/crash/in-memory-database.ts',
        replace: '      if (table.version(key) !== version) throw new TransactionConflictError();\n',
        by: '      if (table.version(key) < version) throw new TransactionConflictError();\n',
      },
    ],
    caughtBy: [specs('testing/crash/test-database'), specs('testing/crash/mistakes')],
  },
  {
    name: 'completion-of-a-lost-claim',
    flaw: 'A completion in a transaction of the test database replaces what a successor has recorded.',
    changes: [
      {
        file: 'lib/testing/crash/test-store.ts',
        replace: 'if (steps?.find(record.key)?.token !== token) throw claimLost',
        by: 'if (steps?.find(record.key) === undefined) throw claimLost',
      },
    ],
    caughtBy: [specs('testing/crash/test-database')],
  },
  {
    name: 'store-check-looks-at-answers-alone',
    flaw: 'The check of a store does not look at what the store keeps at last.',
    changes: [
      {
        file: 'lib/testing/crash/linearizable.ts',
        replace: '  return textOf(reference.holder) === textOf(last);\n',
        by: "  return textOf(last) !== '' && reference !== undefined;\n",
      },
    ],
    caughtBy: [specs('testing/crash/store-check')],
  },
  {
    name: 'store-check-takes-errors',
    flaw: 'The check of a store takes an error for an answer that was lost, though nothing has failed.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/testing/crash/store-check.ts',
        replace: 'if (!this.#failed.has(index)) this.unexpected',
        by: 'if (this.#failed.has(-1)) this.unexpected',
      },
    ],
    caughtBy: [specs('testing/crash/store-check')],
  },
  {
    name: 'store-check-in-any-order',
    flaw: 'The check of a store takes an order for possible in which an operation comes before one that had been answered when it began.',
    changes: [
      {
        file: 'lib/testing/crash/linearizable.ts',
        replace: 'other !== next && other.until < next.from',
        by: 'other !== next && other.until < 0',
      },
    ],
    caughtBy: [specs('testing/crash/store-check')],
  },
];
