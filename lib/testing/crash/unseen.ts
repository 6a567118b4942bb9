import { ConfigurationError } from '../../errors.js';
import type { UnwrappedIo } from './real-work.js';
import { storyOf } from './story.js';
import type { World } from './world.js';

/** Returns the error for input or output that a crash test does not see. */
export function unwrapped({ what, by, line }: UnwrappedIo): ConfigurationError {
  if (what === 'something')
    return new ConfigurationError(
      "crashTest: the service waited for something that is neither wrapped nor simulated, such as an answer over a connection that was open before. Give the service functions that are wrapped instead, as by effect('db.query', (text) => db.query(text))",
    );
  const where = line === undefined ? '' : `, in ${line}`;
  if (what === 'a real timer')
    return new ConfigurationError(
      `crashTest: the service starts a real timer${where}, by a function that was taken from the globals or from node:timers before the test began. Let it call setTimeout() of the globals or of node:timers each time, or wrap what sleeps: effect('pause', pause)`,
    );
  const call = by ?? 'call';
  return new ConfigurationError(
    `crashTest: the service reaches ${what}${by === undefined ? '' : ` by ${by}()`}${where}, which a crash test neither sees nor may do. Give the service a function that is wrapped instead: effect('${call}', ${call})`,
  );
}

/** Returns the error for a call that never ends. */
export function stuck(world: World): Error {
  const waiting = world.calls.filter(({ end }) => !end).map(({ name }) => name);
  return new Error(
    [
      `crashTest: ${waiting.join(' and ')} never ended: it waits for what no effect, timer or store operation brings. What one process waits for in the memory of another one is lost with that: make the service in \`start\`, so that each process has its own.`,
      ...storyOf(world.happenings).map((sentence) => `  ${sentence}`),
    ].join('\n'),
  );
}
