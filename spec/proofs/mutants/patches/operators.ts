import { model, simulation, specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const about = 'lib/engine/machine/about.ts';
const freeing = 'lib/engine/machine/freeing.ts';
const soundAbout = 'lib/record/sound-about.ts';

/** What operators read in records, what they decide, and what they see of calls in traces. */
export const operators: readonly Mutant[] = [
  {
    name: 'about-of-no-run',
    flaw: 'A record in progress does not say which run it tells of, so that nobody believes it.',
    changes: [{ file: about, replace: 'about.run = fencingToken;\n  if', by: 'if' }],
    caughtBy: [specs('engine/about')],
  },
  {
    name: 'about-of-an-earlier-run',
    flaw: 'What an earlier version has kept of the run before is told of the present one.',
    changes: [
      {
        file: 'lib/record/record.ts',
        replace: "return status === 'completed' || about.run === fencingToken ? about : undefined;",
        by: 'return status === undefined || fencingToken === 0 ? undefined : about;',
      },
    ],
    caughtBy: [specs('engine/about')],
  },
  {
    name: 'past-without-end',
    flaw: 'A key that fails again and again has a record that grows with each attempt.',
    changes: [{ file: about, replace: '.slice(1 - MOST_PAST)', by: '.slice(0 * MOST_PAST)' }],
    caughtBy: [specs('engine/about')],
  },
  {
    name: 'past-forgotten',
    flaw: 'A take-over leaves nothing of what the record said before.',
    changes: [
      {
        file: about,
        replace: 'if (takenOver) about.past = pastWith(takenOver.state);',
        by: 'void takenOver;',
      },
    ],
    caughtBy: [specs('engine/about')],
  },
  {
    name: 'renewal-told-of-a-claim',
    flaw: 'A claim says that its lease was renewed.',
    changes: [{ file: about, replace: 'if (isRenewal) about', by: 'if (isRenewal || true) about' }],
    caughtBy: [specs('engine/about')],
  },
  {
    name: 'code-with-a-payload',
    flaw: 'A text that an error calls its code is recorded, whatever it is.',
    changes: [
      {
        file: 'lib/engine/driver/reasons.ts',
        replace: '...(isWord(code) && { code: String(code) })',
        by: '...(code !== undefined && { code: String(code) })',
      },
    ],
    caughtBy: [specs('engine/about')],
  },
  {
    name: 'message-in-the-record',
    flaw: 'The message of an error is recorded without the option that says so.',
    changes: [
      {
        file: 'lib/engine/driver/reasons.ts',
        replace: 'if (!describeError) return undefined;',
        by: 'if (!describeError) return (error as Error).message;',
      },
    ],
    caughtBy: [specs('engine/about'), simulation],
  },
  {
    name: 'runtime-that-is-off',
    flaw: 'A record says who wrote it although the option `runtime` is false.',
    changes: [
      {
        file: 'lib/engine/runtime.ts',
        replace: 'if (runtime === false) return undefined;',
        by: 'if (runtime === false) return processName();',
      },
    ],
    caughtBy: [specs('engine/about')],
  },
  {
    name: 'resolved-unseen',
    flaw: 'An operator resolves a record that has changed since it was seen.',
    changes: [
      {
        file: freeing,
        replace: 'if (token !== undefined && holder.token !== token)',
        by: 'if (token !== undefined && holder.token !== token && token === "")',
      },
    ],
    caughtBy: [specs('decorator/resolving'), simulation],
  },
  {
    name: 'outcome-resolved',
    flaw: 'An operator overwrites an outcome that callers have.',
    changes: [
      {
        file: freeing,
        replace: "if (state.status === 'completed' && as !== 'forgotten')",
        by: "if (state.status === 'completed' && as === undefined)",
      },
    ],
    caughtBy: [specs('decorator/resolving'), model, simulation],
  },
  {
    name: 'running-call-resolved',
    flaw: 'An operator takes the key of a running call without saying so.',
    changes: [
      {
        file: freeing,
        replace: "state.status === 'in-progress' && !isForced && !isAbandoned(step, state)",
        by: "state.status === 'in-progress' && !isForced && as === 'forgotten' && !isAbandoned(step, state)",
      },
    ],
    caughtBy: [specs('decorator/resolving'), model, simulation],
  },
  {
    name: 'run-again-for-another-request',
    flaw: 'A key that may run again takes any request, and counts from the beginning.',
    changes: [
      {
        file: freeing,
        replace: "const isAnew = as === 'forgotten' || !known;",
        by: "const isAnew = as !== 'value' || !known;",
      },
    ],
    caughtBy: [specs('decorator/resolving'), model, simulation],
  },
  {
    name: 'waiting-calls-not-told',
    flaw: 'A call of the same process that waits for a key learns of an operator with its next read.',
    changes: [{ file: freeing, replace: 'other.dueAt = now.steady;\n', by: '' }],
    caughtBy: [specs('decorator/resolving')],
  },
  {
    name: 'resolution-untold',
    flaw: 'No event tells what an operator has decided.',
    changes: [
      { file: freeing, replace: "if (isFreed) step.tell({ event: 'resolved' });", by: 'void isFreed;' },
    ],
    caughtBy: [specs('decorator/resolving')],
  },
  {
    name: 'refusal-as-lost-work',
    flaw: 'A call that an operator has refused is told that its work was done.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: "const isDecided = soundAbout(state)?.why?.kind === 'resolved';",
        by: "const isDecided = soundAbout(state)?.why?.kind === 'refused';",
      },
    ],
    caughtBy: [specs('decorator/resolving')],
  },
  {
    name: 'answer-of-no-length',
    flaw: 'What an operator gives is over when it is written.',
    changes: [
      {
        file: freeing,
        replace: 'const expiresAt = instantAfter(now.wall, ttlMs);',
        by: 'const expiresAt = instantAfter(now.wall, 0 * ttlMs);',
      },
    ],
    caughtBy: [specs('decorator/resolving')],
  },
  {
    name: 'operators-who-forget-the-run',
    flaw: 'What an operator writes has another fencing token than the run that it is about.',
    changes: [
      {
        file: freeing,
        replace: 'const fencingToken = known?.fencingToken ?? now.wall;',
        by: 'const fencingToken = known ? now.wall : now.wall;',
      },
    ],
    caughtBy: [simulation],
  },
  {
    name: 'about-that-throws',
    flaw: 'A record that throws when it tells of itself ends the call that meets it.',
    changes: [
      {
        file: soundAbout,
        replace: '  } catch {\n    return undefined;\n  }',
        by: '  } catch (error) {\n    throw error;\n  }',
      },
    ],
    caughtBy: [tests('proofs/hostile/about', 'throws whatever is read')],
  },
  {
    name: 'text-without-end',
    flaw: 'A text of ten megabytes in what a record tells of itself goes from record to record.',
    changes: [
      { file: soundAbout, replace: 'value.slice(0, LONGEST_TEXT)', by: 'value.slice(0 * LONGEST_TEXT)' },
    ],
    caughtBy: [tests('proofs/hostile/about', 'a text of ten megabytes')],
  },
  {
    name: 'reason-of-any-kind',
    flaw: 'A view repeats a reason that has not what belongs to it.',
    changes: [
      {
        file: soundAbout,
        replace: 'return isWhole ? reason : undefined;',
        by: 'return isWhole ? reason : reason;',
      },
    ],
    caughtBy: [tests('proofs/hostile/about', 'a name of Object')],
  },
  {
    name: 'decision-made-a-text',
    flaw: 'A decision that is no text is made one, which may throw.',
    changes: [
      {
        file: 'lib/decorator/resolving.ts',
        replace: "typeof as === 'string' && Object.hasOwn(ofDecision, as) ? as : undefined",
        by: 'as !== undefined && Object.hasOwn(ofDecision, as) ? as : undefined',
      },
    ],
    caughtBy: [tests('proofs/hostile/decisions', 'a RegExp whose source throws')],
  },
  {
    name: 'trace-outside-of-the-span',
    flaw: 'The method does not run in the context that a tracer has asked for.',
    changes: [
      {
        file: 'lib/engine/driver/tracing.ts',
        replace: 'return within ? within(() => begin(trace)) : begin(trace);',
        by: 'return within === undefined ? begin(trace) : begin(trace);',
      },
    ],
    caughtBy: [specs('engine/tracing')],
  },
  {
    name: 'trace-of-no-record',
    flaw: 'No record says of which span its run is, so that no replay can link to it.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: 'this.#state.traceparent = trace.traceparent;',
        by: 'void trace.traceparent;',
      },
    ],
    caughtBy: [specs('engine/tracing')],
  },
  {
    name: 'links-twice',
    flaw: 'A call that waited for a run and got its outcome has two links to it.',
    changes: [
      {
        file: 'lib/engine/driver/call-trace.ts',
        replace: 'this.#links.filter((link) => link.traceparent !== traceparent)',
        by: "this.#links.filter((link) => link.traceparent !== '')",
      },
    ],
    caughtBy: [specs('engine/tracing')],
  },
  {
    name: 'desk-encodes-by-guess',
    flaw: 'A value is recorded without the codec that its operation has, since the desk does not know it.',
    changes: [
      {
        file: 'lib/operator/desk-of.ts',
        replace: 'if (!isPlain && !this.operations.has(operation)) {',
        by: 'if (!isPlain && this.operations.size < 0) {',
      },
    ],
    caughtBy: [specs('operator/desk')],
  },
  {
    name: 'desk-reveals',
    flaw: 'An outcome is shown that nobody has asked for.',
    changes: [
      { file: 'lib/operator/outcome-text.ts', replace: 'if (!reveal) return { kind };', by: 'void reveal;' },
    ],
    caughtBy: [specs('operator/desk')],
  },
];
