import { StoreError } from '../../errors.js';

/** Says what is wrong with a table, where a fault of the client tells that; every other fault stays as it is. */
export function explained(fault: unknown, tableName: string): unknown {
  const { name, message } = (fault ?? {}) as Partial<Error>;
  const text = String(message);
  switch (name) {
    case 'ResourceNotFoundException':
      return unusable(
        fault,
        `there is no table "${tableName}" in the client's account and region; create it (tableDefinition() says how), or correct the option "tableName" or the client's region`,
      );
    case 'AccessDeniedException':
      return unusable(
        fault,
        `the client may not use the table "${tableName}"; allow dynamodb:GetItem and dynamodb:PutItem on it`,
      );
    case 'ValidationException':
      if (/item size/i.test(text)) return tooLarge(tableName, fault);
      if (/key element does not match the schema|missing the key|type mismatch for key/i.test(text)) {
        return unusable(
          fault,
          `the keys of the table "${tableName}" are others than the options say; correct "keyAttribute" (a string, "id" unless given) and "sortKeyAttribute" (a string, none unless given), or create a table that fits (tableDefinition() says how)`,
        );
      }
  }
  return fault;
}

function unusable(cause: unknown, what: string): StoreError {
  return new StoreError(`DynamoDBStore: ${what}`, { cause, advice: 'fix-code' });
}

/** What is said of a record that no item can hold. */
export function tooLarge(tableName: string, fault?: unknown): StoreError {
  return new StoreError(
    `DynamoDBStore: the record is larger than an item of table "${tableName}" can be, which is 400 KB`,
    { tooLarge: true, ...(fault !== undefined && { cause: fault }) },
  );
}
