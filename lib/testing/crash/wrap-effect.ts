import { ConfigurationError } from '../../errors.js';
import type { Effect } from './crash-setting.js';
import type { Operate } from './operation-under-way.js';

/** Returns what wraps a function, so that it is done when its turn comes. */
export function wrapEffect(operate: Operate) {
  return <Call extends (...args: never[]) => unknown>(name: string, call: Call): Effect<Call> => {
    if (typeof name !== 'string' || name.trim() === '')
      throw new ConfigurationError(
        "crashTest: effect(name, call) needs a name that stories call it by, such as effect('bank.placeHold', …)",
      );
    if (typeof call !== 'function')
      throw new ConfigurationError(`crashTest: effect('${name}', …) needs the function that it wraps`);
    return async function (this: unknown, ...args: Parameters<Call>) {
      const apply = () => call.apply(this, args);
      return operate({ kind: 'effect', name, args, isEffective: () => true, apply });
    } as Effect<Call>;
  };
}
