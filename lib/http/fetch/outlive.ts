import type { CurrentExecution } from '../../engine/execution/execution.js';

/**
 * Returns the same request, whose signal now aborts when the claim is lost, and not when the client hangs up: the work goes on, and its
 * outcome is recorded for the retry.
 */
export function outlive<R extends Request>(request: R, execution: CurrentExecution): R {
  return Object.defineProperty(request, 'signal', { get: () => execution.signal, configurable: true });
}
