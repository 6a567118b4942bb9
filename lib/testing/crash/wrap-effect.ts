import { ConfigurationError } from '../../errors.js';
import type { Effect } from './crash-setting.js';
import type { Operate } from './operation-under-way.js';

/** What notes that a function was wrapped, and does it when its turn comes. */
interface Doer {
  readonly operate: Operate;
  hasEffects: boolean;
}

/** Returns what wraps a function, so that it is done when its turn comes. */
export function wrapEffect(world: Doer) {
  return <Call extends (...args: never[]) => unknown>(name: string, call: Call): Effect<Call> => {
    if (typeof name !== 'string' || name.trim() === '')
      throw new ConfigurationError(
        "crashTest: effect(name, call) needs a name that stories call it by, such as effect('bank.placeHold', …)",
      );
    if (typeof call !== 'function')
      throw new ConfigurationError(`crashTest: effect('${name}', …) needs the function that it wraps`);
    world.hasEffects = true;
    return async function (this: unknown, ...args: Parameters<Call>) {
      const apply = () => call.apply(this, args);
      return world.operate({ kind: 'effect', name, args, isEffective: () => true, apply });
    } as Effect<Call>;
  };
}
