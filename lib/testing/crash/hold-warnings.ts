import { shared } from '../../process/shared.js';
import { here } from './here.js';

/** Which warnings this library has emitted: each once in a process. */
const emitted = shared('warnings', () => new Set<string>());

/** Drops warnings of simulated processes, until the returned function is called: what is tried there happens thousands of times. */
export function holdWarnings(): () => void {
  const before = new Set(emitted);
  // A test runner may have a copy of `process` in its sandbox.
  const undo = [...new Set([process, process.getBuiltinModule('node:process')])].map((each) => {
    const { emitWarning } = each;
    const emit = (...args: readonly unknown[]): void => {
      if (!here.getStore()) Reflect.apply(emitWarning, each, args);
    };
    each.emitWarning = emit as typeof emitWarning;
    return () => {
      if (each.emitWarning === emit) each.emitWarning = emitWarning;
    };
  });
  return () => {
    for (const one of undo) one();
    for (const warning of emitted) if (!before.has(warning)) emitted.delete(warning);
  };
}
