/** The members of a Lambda context that are used here. */
export interface LambdaContext {
  readonly awsRequestId: string;
  readonly functionName?: string;
  getRemainingTimeInMillis(): number;
}

/** Milliseconds that are reserved at the end of an invocation, for the response to be sent. */
export const LAMBDA_MARGIN_MS = 500;

export function isLambdaContext(value: unknown): value is LambdaContext {
  const candidate = value as Partial<LambdaContext> | null | undefined;
  try {
    return (
      typeof candidate?.getRemainingTimeInMillis === 'function' && typeof candidate.awsRequestId === 'string'
    );
  } catch {
    // The getter of an argument that throws: this is no Lambda context.
    return false;
  }
}

/** Returns the context of the invocation that is among these arguments, if there is one. */
export function invocationIn(args: readonly unknown[]): LambdaContext | undefined {
  return args.find(isLambdaContext);
}
