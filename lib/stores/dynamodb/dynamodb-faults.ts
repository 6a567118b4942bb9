import type { StoreError } from '../../errors.js';
import { faultMessage, tooLarge, withAdvice } from '../shared/faults.js';

/** What to do about a table that does not fit. */
export const createOther = 'create a table that fits (tableDefinition() says how)';

/** Returns an error that says what is wrong with a table, or the fault itself where that is unknown. */
export function explained(
  fault: unknown,
  tableName: string,
  actions = 'dynamodb:GetItem and dynamodb:PutItem on it',
): unknown {
  const { name } = (fault ?? {}) as Partial<Error>;
  const message = faultMessage(fault);
  if (name === 'ValidationException' && /item size/i.test(message)) return itemTooLarge(tableName, fault);
  return withAdvice('DynamoDBStore', fault, adviceFor(name, message, tableName, actions));
}

function adviceFor(
  name: string | undefined,
  message: string,
  tableName: string,
  actions: string,
): string | undefined {
  switch (name) {
    case 'ResourceNotFoundException':
      return `there is no table "${tableName}" in the client's account and region; create it (tableDefinition() says how), or correct "tableName" or the client's region`;
    case 'AccessDeniedException':
      return `the client may not use the table "${tableName}"; allow ${actions}`;
    case 'ValidationException':
      return /key element does not match the schema|missing the key|type mismatch for key/i.test(message)
        ? `the table "${tableName}" has other keys than the options say; correct "keyAttribute" (a string, default "id") and "sortKeyAttribute" (a string, default none), or ${createOther}`
        : undefined;
    default:
      return undefined;
  }
}

/** Returns the error for a record that is larger than an item can be. */
export function itemTooLarge(tableName: string, fault?: unknown): StoreError {
  return tooLarge('DynamoDBStore', `an item of table "${tableName}" can be, which is 400 KB`, fault);
}
