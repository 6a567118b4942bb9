import { ClaimLostError, ConfigurationError } from '../../errors.js';
import type { Completion } from '../../record/persistence-store.js';

/**
 * Returns a completion that was passed to a store.
 *
 * @throws {ConfigurationError} where it is something else.
 */
export function checkedCompletion(where: string, completion: unknown): Completion {
  const { record, token } = (completion ?? {}) as Partial<Completion>;
  if (typeof token === 'string' && typeof record?.key === 'string' && typeof record.token === 'string') {
    return { record, token };
  }
  throw new ConfigurationError(
    `${where} got no completion; pass \`await currentExecution().completion(result)\``,
  );
}

/** Returns the error for a completion that wrote nothing. */
export function claimLost(where: string, { record: { key } }: Completion): ClaimLostError {
  return new ClaimLostError(
    `${where} changed nothing, because the claim on ${key} is lost, or was completed before; roll the transaction back`,
    { key },
  );
}
