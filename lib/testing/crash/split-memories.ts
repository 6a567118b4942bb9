import { memories } from '../../process/process-memory.js';
import { here } from './here.js';

/** Gives each simulated process its own memory of what the library remembers in a process, until the returned function is called. */
export function splitMemories(): () => void {
  const split = [...memories];
  for (const memory of split) {
    const { get, set, delete: drop, has } = WeakMap.prototype;
    const inside = () => {
      const known = here.getStore()?.process?.memories;
      if (!known) return undefined;
      const its = known.get(memory) ?? new WeakMap<object, unknown>();
      known.set(memory, its);
      return its;
    };
    Object.assign(memory, {
      get: (of: object) => get.call(inside() ?? memory, of),
      set: (of: object, value: unknown) => set.call(inside() ?? memory, of, value),
      delete: (of: object) => drop.call(inside() ?? memory, of),
      has: (of: object) => has.call(inside() ?? memory, of),
    });
  }
  return () => {
    for (const memory of split)
      for (const name of ['get', 'set', 'delete', 'has']) Reflect.deleteProperty(memory, name);
  };
}
