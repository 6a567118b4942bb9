import { type Execution, executions } from '../../engine/execution/execution.js';
import { Overlay } from '../core/overlay.js';

const EXECUTION = Symbol('execution');

interface Outliving {
  [EXECUTION]: Execution;
}

const overlay = new Overlay({
  signal: {
    configurable: true,
    get(this: Outliving) {
      return this[EXECUTION].view.signal;
    },
  },
});

/**
 * Returns the same request, whose signal now aborts when the claim is lost, and not when the client hangs up: the work goes on, and its
 * outcome is recorded for the retry. To be called in the run.
 */
export function outlive<R extends Request>(request: R): R {
  (request as unknown as Outliving)[EXECUTION] = executions.getStore() as Execution;
  return overlay.lay(request);
}
