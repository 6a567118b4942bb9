import type { CurrentExecution } from '../../engine/execution/execution.js';
import { Overlay } from './overlay.js';

const EXECUTION = Symbol('execution');

interface Outliving {
  [EXECUTION]: CurrentExecution;
}

const overlay = new Overlay({
  signal: {
    configurable: true,
    get(this: Outliving) {
      return this[EXECUTION].signal;
    },
  },
});

/**
 * Returns the same request, whose signal now aborts when the claim is lost, and not when the client hangs up: the work goes on, and its
 * outcome is recorded for the retry.
 */
export function outlive<R extends Request>(request: R, execution: CurrentExecution): R {
  (request as unknown as Outliving)[EXECUTION] = execution;
  return overlay.lay(request);
}
