import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Collects all garbage there is. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of the heap that are in use after everything that can be freed was freed. */
export function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
