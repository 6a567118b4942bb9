import { randomUUID } from 'node:crypto';

/** The parts of Lambda's context that are used here. */
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
