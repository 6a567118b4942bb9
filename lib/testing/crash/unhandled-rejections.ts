import { here } from './here.js';

type Listener = (reason: unknown, promise: Promise<unknown>) => void;

/**
 * Takes rejections that nobody handles in a simulated process: in a real one they end the process, which a crash at that point does
 * as well. Those of other code go to whoever listened before.
 */
export function holdUnhandledRejections(): () => void {
  const real = process.getBuiltinModule('node:process');
  const others = real.rawListeners('unhandledRejection') as Listener[];
  const listener: Listener = (reason, promise) => {
    if (here.getStore()) return;
    if (others.length === 0)
      queueMicrotask(() => {
        throw reason;
      });
    for (const other of others) other.call(real, reason, promise);
  };
  real.removeAllListeners('unhandledRejection');
  real.on('unhandledRejection', listener);
  return () => {
    real.off('unhandledRejection', listener);
    for (const other of others) real.on('unhandledRejection', other);
  };
}
