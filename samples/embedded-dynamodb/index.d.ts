/** A DynamoDB-compatible engine that runs on this machine, with its tables in memory. */
export interface EmbeddedDynamoDB {
  readonly name: 'dynoxide' | 'dynalite';
  readonly endpoint: string;
  /** What a `DynamoDBClient` needs to reach it. */
  readonly connection: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Resolves when the engine has ended. */
  stop(): Promise<void>;
}

/** Starts dynoxide, which has transactions, TTL and the answer to a lost write; nothing where it cannot run. */
export function startDynoxide(): Promise<EmbeddedDynamoDB | undefined>;

/** Starts dynalite, which runs wherever Node.js does. It has none of the three. */
export function startDynalite(): Promise<EmbeddedDynamoDB>;
