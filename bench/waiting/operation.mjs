import { makeIdempotent } from '../../dist/esm/index.js';

/** The operation that both processes have. */
export function measuredOperation(store, run) {
  return makeIdempotent((key) => run(key), { name: 'measured', store, wait: '30s' });
}

/** Milliseconds by the machine's own clock, which goes on evenly and is the same in all of its processes. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
