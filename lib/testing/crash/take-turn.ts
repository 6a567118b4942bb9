import { shared } from '../../process/shared.js';
import { holdWarnings } from './hold-warnings.js';
import { watchRealWork } from './real-work.js';
import { splitMemories } from './split-memories.js';
import { holdUnhandledRejections } from './unhandled-rejections.js';
import { installVirtualChance } from './virtual-chance.js';
import { installVirtualTime } from './virtual-time.js';

/** Crash tests of one process take turns: each has the clocks and timers of the process to itself. */
const turns = shared('crash-tests', () => ({ last: Promise.resolve() as Promise<unknown> }));

/** What is before the process's own as long as a test runs. */
const parts: readonly (() => () => void)[] = [
  installVirtualTime,
  installVirtualChance,
  splitMemories,
  watchRealWork,
  holdUnhandledRejections,
  holdWarnings,
];

/** Runs a test when its turn comes, with the clocks and timers of its simulated processes before those of this one. */
export function takeTurn<T>(test: () => Promise<T>): Promise<T> {
  const run = turns.last.then(async () => {
    const undo: (() => void)[] = [];
    try {
      for (const install of parts) undo.push(install());
      return await test();
    } finally {
      for (const one of undo.reverse()) one();
    }
  });
  turns.last = run.catch(() => {});
  return run;
}
