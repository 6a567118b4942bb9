import { standIn } from '../../decorator/stand-in.js';
import type { Method } from '../../engine/driver/prepared-call.js';
import { metadataOf, setMetadata } from './metadata.js';
import { noteHandler } from './route-pipeline.js';

/** On a method: whether it has a guard of its own, or none by its own wish. */
const DECIDED = 'retrysafe:route';

/** On a method: that it tells when it begins. */
const TELLING = 'retrysafe:telling';

/** Lets a method decide for itself, whatever its controller has. */
export function decide(method: object, isGuarded: boolean): void {
  setMetadata(DECIDED, isGuarded, method);
}

export function hasDecided(method: object): boolean {
  return metadataOf(DECIDED, method) !== undefined;
}

/** Returns what stands in place of a method, and tells when it begins: an interceptor cannot see whether a pipe or the method has failed. */
export function tellingMethod(method: Method): Method {
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]) {
      noteHandler();
      return method.apply(this, args);
    },
  };
  standIn(wrapper, method);
  setMetadata(TELLING, true, wrapper);
  return wrapper;
}

export function isTelling(method: object): boolean {
  return metadataOf(TELLING, method) === true;
}

/** Returns the names of a controller's methods that are routes, inherited ones included, and have not decided for themselves. */
export function undecidedRoutes(controller: { readonly prototype: object }): readonly PropertyKey[] {
  const names = new Set<PropertyKey>();
  for (let at = controller.prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Reflect.ownKeys(at)) names.add(name);
  return [...names].filter((name) => {
    const method = methodOf(controller.prototype, name);
    return method !== undefined && metadataOf('path', method) !== undefined && !hasDecided(method);
  });
}

/** Returns a method by its name, and no getter's value. */
export function methodOf(prototype: object, name: PropertyKey): Method | undefined {
  for (let at = prototype; at; at = Object.getPrototypeOf(at)) {
    const own = Object.getOwnPropertyDescriptor(at, name);
    if (own) return typeof own.value === 'function' && name !== 'constructor' ? own.value : undefined;
  }
  return undefined;
}
