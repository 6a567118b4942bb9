import { randomUUID } from 'node:crypto';

/** What Lambda passes beside the event, as far as it matters here. */
export interface InvocationContext {
  readonly functionName: string;
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** The context of an invocation that has so many milliseconds left now. */
export function invocation(remaining: number): InvocationContext {
  const endsAt = Date.now() + remaining;
  return {
    functionName: 'holds',
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => endsAt - Date.now(),
  };
}
