import { retryDelaySeconds, type SettlementOptions } from './settlement-options.js';

const LONGEST_SECONDS = 900;

/**
 * Returns after how many seconds a message is delivered again that has failed so often, where the queue itself has no such rule: `retryDelay`,
 * doubled with each further failure, and at most 15 minutes.
 */
export function failureDelaySeconds(failures: number, options: SettlementOptions): number {
  return Math.min(retryDelaySeconds(options) * 2 ** Math.max(0, failures - 1), LONGEST_SECONDS);
}
