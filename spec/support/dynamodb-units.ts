import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** The capacity units that an engine charges a client for. */
export class ConsumedUnits {
  #writes = 0;
  #reads = 0;

  /** The engine is asked with every command what it takes. */
  constructor(client: DynamoDBClient) {
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
          const result = await next(args);
          const { ConsumedCapacity } = result.output as { ConsumedCapacity?: { CapacityUnits?: number } };
          const units = ConsumedCapacity?.CapacityUnits ?? Number.NaN;
          if (commandName === 'GetItemCommand') this.#reads += units;
          else this.#writes += units;
          return result;
        },
      { step: 'initialize', name: 'consumedUnits' },
    );
  }

  /** What was charged since the last time. A write that is lost is charged, but nothing is told about it. */
  take(): { writes: number; reads: number } {
    const taken = { writes: this.#writes, reads: this.#reads };
    this.#writes = 0;
    this.#reads = 0;
    return taken;
  }
}

/**
 * The write units of an item, which are also what a conditional write takes that is lost to it: one for each KB
 * (Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" and "DynamoDB item sizes and formats").
 */
export function unitsOfItem(item: Readonly<Record<string, AttributeValue>>): number {
  return Math.max(1, Math.ceil(sizeOfItem(item) / 1_024));
}

/** How many bytes an item has, as DynamoDB counts them. */
export function sizeOfItem(item: Readonly<Record<string, AttributeValue>>): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOf(value),
    0,
  );
}

function sizeOf({ S, N, B, M }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (B !== undefined) return B.byteLength;
  // Three bytes, and one more for each element.
  if (M !== undefined) return 3 + Object.keys(M).length + sizeOfItem(M);
  // A byte for two digits, and one more.
  if (N !== undefined) return Math.ceil(N.length / 2) + 1;
  throw new TypeError('an item of the store has texts, numbers, bytes and maps of these only');
}
