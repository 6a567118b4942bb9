/** What of a Lambda context is used here. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** What is kept free at the end of an invocation, in milliseconds, for the answer to get out. */
export const LAMBDA_MARGIN = 500;

export function isLambdaContext(value: unknown): value is LambdaContext {
  const candidate = value as Partial<LambdaContext> | null | undefined;
  try {
    return (
      typeof candidate?.getRemainingTimeInMillis === 'function' && typeof candidate.awsRequestId === 'string'
    );
  } catch {
    // A getter that throws is somebody else's.
    return false;
  }
}

/** When the invocation that these arguments belong to ends, if they belong to one. 0 ms left is 0 ms. */
export function invocationEnd(args: readonly unknown[], now: number): number | undefined {
  const context = args.find(isLambdaContext);
  return context && now + Math.max(0, context.getRemainingTimeInMillis());
}
