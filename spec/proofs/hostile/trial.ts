import {
  ConfigurationError,
  type IdempotentOptions,
  InMemoryStore,
  KeyError,
  makeIdempotent,
  StoreError,
} from 'retrysafe';
import { gaveAway } from './marker.js';

/** Something that should not have happened. */
export class Violation extends Error {}

/** The most that one trial may take, in milliseconds of this process's own time: others may have the machine. */
const longest = Number(process.env.HOSTILE_LONGEST ?? 5_000);

/** The slowest trial so far. */
export const slowest = { milliseconds: 0, what: '' };

/** Does something, and holds it to its time. What collecting the garbage of the trial before takes counts as well. */
export async function timed<T>(what: string, act: () => Promise<T> | T): Promise<T> {
  const before = process.cpuUsage();
  const result = await act();
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1_000;
  if (milliseconds > slowest.milliseconds) Object.assign(slowest, { milliseconds, what });
  if (milliseconds > longest) throw new Violation(`${what} took ${Math.round(milliseconds)} ms`);
  return result;
}

/** What all errors of this library have to be, as far as those who log them see. */
export function checkWords(what: string, error: Error): void {
  if (gaveAway(error.message)) throw new Violation(`${what}: the message gives the payload away`);
  if (gaveAway(error.stack?.split('\n    at ')[0] ?? ''))
    throw new Violation(`${what}: the stack gives the payload away`);
  if (error.message.length > 10_000)
    throw new Violation(`${what}: a message of ${error.message.length} letters`);
}

/** Whether `Object.prototype` and its like are as they were. */
export function checkPrototypes(what: string): void {
  for (const value of [{}, [], () => {}]) {
    if ('polluted' in value) throw new Violation(`${what}: every object has got a property more`);
  }
}

type Verdict = 'ran' | 'refused';

/** Makes one call with these arguments; it runs, or is refused before it has run by an error that says what is wrong. */
export async function call(
  what: string,
  options: IdempotentOptions,
  args: readonly unknown[],
): Promise<Verdict> {
  let runs = 0;
  const accept = makeIdempotent(
    async (..._args: readonly unknown[]) => {
      runs += 1;
    },
    { store: new InMemoryStore(), name: 'Hostile.accept', ...options },
  );
  const error = await timed(what, () =>
    accept(...args).then(
      () => undefined,
      (reason: unknown) => ({ reason }),
    ),
  );
  checkPrototypes(what);
  if (!error) {
    if (runs !== 1) throw new Violation(`${what}: answered after ${runs} runs`);
    return 'ran';
  }
  if (runs > 0) throw new Violation(`${what}: ran, and was refused`);
  const { reason } = error;
  const isClear = reason instanceof KeyError || reason instanceof ConfigurationError;
  if (!isClear)
    throw new Violation(`${what}: refused by ${reason instanceof StoreError ? 'the store' : typeof reason}`);
  checkWords(what, reason as Error);
  if (!/^Hostile\.accept: .*\b(key|scope|fingerprint)\b/s.test((reason as Error).message))
    throw new Violation(`${what}: names no operation and option: ${(reason as Error).message}`);
  return 'refused';
}
