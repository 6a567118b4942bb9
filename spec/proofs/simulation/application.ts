import { type Completion, currentExecution, release, unknown, withoutOutcome } from 'retrysafe';
import type { End } from '../specification/protocol-trace.js';
import { callAtHand } from './call-at-hand.js';
import type { CallState } from './checker.js';
import type { Method } from './history.js';
import { type Application, Declined, WorkFailed } from './operation.js';
import { type Result, valueWith } from './results.js';
import type { Run } from './run-rules.js';
import type { Place, World } from './world.js';

/** How a method or a recovery function ends that returns this. */
function endOf({ hasFailed, isRecovery }: Run, result: unknown): End {
  if (hasFailed) return 'fails';
  if (!isRecovery) return 'returns';
  if (result === 'run') return 'lets_run';
  return typeof result === 'string' ? 'fails' : 'returns';
}

/** What the application does in one process: its methods, which end in all ways, and its recovery functions. */
export function application(world: World, process: Place): Application {
  const { checker, trace, traces } = world;

  /** Runs the application's own code, so that the checker knows of it. */
  async function within<T>(
    index: number,
    isRecovery: boolean,
    body: (call: CallState, run: Run) => Promise<T>,
  ) {
    const call = world.callOf(index);
    const execution = currentExecution();
    const run = checker.runs.start(call, execution, isRecovery);
    if (!call.ranOpen) traces?.starts(call, isRecovery);
    const from = checker.clock.now;
    trace.note(process.host.name, () => `call ${index} ${isRecovery ? 'asks what became of it' : 'runs'}`);
    try {
      const result = await body(call, run);
      traces?.stops(call, endOf(run, result));
      return result;
    } catch (error) {
      traces?.stops(call, 'fails');
      call.own.add(error);
      run.hasFailed = true;
      trace.note(process.host.name, () => `call ${index} throws ${(error as Error).message}`);
      throw error;
    } finally {
      run.isActive = false;
      call.busy += checker.clock.now - from;
    }
  }

  function produce(call: CallState, kind: Method['result']): unknown {
    const mark = `result ${checker.results.size};`;
    const value = valueWith(mark, kind, world.history.options.codec);
    keep(call, mark, { value });
    return value;
  }

  function fail(call: CallState, make: (mark: string) => Error): Error {
    const mark = `result ${checker.results.size};`;
    const error = make(mark);
    keep(call, mark, { error });
    return error;
  }

  function keep(call: CallState, mark: string, content: Result['content']): void {
    checker.results.set(mark, { mark, key: call.plan.key, call, content });
  }

  const complete = (completion: Completion) => process.connection.transact(completion);

  async function completionOf(value: unknown): Promise<Completion> {
    const completion = await currentExecution().completion(value);
    const { record, token } = completion;
    traces?.sends(record, { token, host: process.host, call: callAtHand.getStore(), isHandedOut: true });
    return completion;
  }

  async function transact(value: unknown): Promise<void> {
    await complete(await completionOf(value));
  }

  /** Asks for a completion and commits it, up to three times, since it takes the first answers for lost. */
  async function repeat(call: CallState, { takes, lost, result }: Method): Promise<unknown> {
    for (let transaction = 1; ; transaction += 1) {
      const value = produce(call, result);
      try {
        await transact(value);
        if (transaction <= lost) throw new WorkFailed('the answer of the transaction is lost', undefined);
        return value;
      } catch (error) {
        if (transaction === 3) throw error;
        await pause(takes / 6);
      }
    }
  }

  /** Returns a value that is for its caller alone. */
  function produceFor(call: CallState, kind: Method['result']): unknown {
    const value = produce(call, kind);
    call.own.add(value);
    return value;
  }

  async function end(call: CallState, run: Run, method: Method): Promise<unknown> {
    const { ends, result } = method;
    switch (ends) {
      case 'returns':
      case 'heeds the signal':
        return produce(call, result);
      case 'throws':
        throw new WorkFailed('failed', 'release');
      case 'declines':
        throw fail(call, (mark) => new Declined(mark));
      case 'errs for good':
        throw fail(call, (mark) => new WorkFailed(mark, 'remember'));
      case 'is unsure':
        throw new WorkFailed('unsure', 'unknown');
      case 'returns and releases':
        run.hasFailed = true;
        return release(produceFor(call, result));
      case 'returns and is unsure':
        run.hasFailed = true;
        return unknown(produceFor(call, result));
      case 'returns and keeps nothing':
        return withoutOutcome(produceFor(call, result), 'it is for its caller');
      case 'confuses onError':
        throw new WorkFailed('confusing', 'nonsense');
      case 'crashes':
        world.crash(process);
        return new Promise(() => {});
      case 'asks and does not commit': {
        const value = produce(call, result);
        await completionOf(value);
        return value;
      }
      case 'repeats its transaction':
        return repeat(call, method);
      case 'commits and returns something else':
        await transact(produce(call, result));
        return produce(call, result);
      default: {
        const value = produce(call, result);
        await transact(value);
        if (ends === 'commits again') await transact(value);
        if (ends === 'commits and throws') throw new WorkFailed('failed after its transaction', 'release');
        return value;
      }
    }
  }

  return {
    work: (index) =>
      within(index, false, async (call, run) => {
        const { method } = call.plan;
        const { signal } = currentExecution();
        await (method.ends === 'heeds the signal' ? pauseUnless(signal, method.takes) : pause(method.takes));
        return end(call, run, method);
      }),
    recover: (index) =>
      within(index, true, async (call) => {
        const { answers, takes } = call.plan.recovery;
        call.recoveries += 1;
        await pause(takes);
        checker.counted(`recovery: ${answers}`);
        if (answers === 'throws') throw new WorkFailed('unknown', 'release');
        return (answers === 'value' ? { value: produce(call, 'plain') } : answers) as never;
      }),
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Stops working when the claim is lost. */
function pauseUnless(signal: AbortSignal, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
