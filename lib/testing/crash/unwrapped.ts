import { ConfigurationError } from '../../errors.js';
import type { UnwrappedIo } from './place.js';

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
