import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { RecordState } from 'retrysafe';

/** What a request is for. `unknown` is the write that marks an outcome as unknown. */
export type RequestKind =
  | 'claim'
  | 'take-over'
  | 'renewal'
  | 'completion'
  | 'release'
  | 'unknown'
  | 'find'
  | 'transaction'
  | 'other';

/** The parts of a request of DynamoDB's protocol that say what it is for. */
export interface DynamoDBRequest {
  readonly kind: RequestKind;
  /** The same for all attempts of one command. */
  readonly invocation: string;
  /** This attempt. */
  readonly sending: string;
  /** The idempotency key of the record that it writes, in a table whose partition key is `id`. */
  readonly key: string | undefined;
  /** The token of the record that it writes, and of the one that it is to follow. */
  readonly token: string | undefined;
  readonly follows: string | undefined;
  readonly isConsistent: boolean;
}

// As JSON has them: bytes are base64.
type Attributes = Readonly<Record<string, { readonly S?: string; readonly N?: string; readonly B?: string }>>;

interface Body {
  readonly Item?: Attributes;
  readonly ExpressionAttributeValues?: Attributes;
  readonly ConsistentRead?: boolean;
}

type Headers = Readonly<Record<string, string>> | IncomingHttpHeaders;

export function describeRequest(headers: Headers, payload: Buffer): DynamoDBRequest {
  const body = JSON.parse(payload.toString()) as Body;
  const follows = Object.values(body.ExpressionAttributeValues ?? {}).find(({ S }) => S?.match(/.\.\d+$/))?.S;
  return {
    kind: kindOf(String(headers['x-amz-target']).split('.').at(-1), body, follows),
    invocation: String(headers['amz-sdk-invocation-id']),
    sending: sendingOf(headers),
    key: body.Item?.id?.S,
    token: body.Item?.token?.S,
    follows,
    isConsistent: body.ConsistentRead === true,
  };
}

/** Names one sending of a request: a client counts its own retries in a header. */
export function sendingOf(headers: Headers): string {
  return `${headers['amz-sdk-invocation-id']} ${headers['amz-sdk-request']}`;
}

function kindOf(target: string | undefined, { Item }: Body, follows: string | undefined): RequestKind {
  if (target === 'GetItem') return 'find';
  if (target === 'TransactWriteItems') return 'transaction';
  if (target !== 'PutItem' || !Item) return 'other';
  // A claim compares with a time only, every other write with a token.
  if (follows === undefined) return 'claim';
  switch (stateOf(Item).status) {
    case 'completed':
      return 'completion';
    case 'released':
      return 'release';
    case 'unknown':
      return 'unknown';
    case 'in-progress':
      return ownerOf(Item.token?.S) === ownerOf(follows) ? 'renewal' : 'take-over';
  }
}

function stateOf({ state }: Attributes): RecordState {
  const text = state?.B ? gunzipSync(Buffer.from(state.B, 'base64')).toString() : (state?.S ?? '{}');
  return JSON.parse(text) as RecordState;
}

function ownerOf(token: string | undefined): string | undefined {
  return token?.split('.')[0];
}
