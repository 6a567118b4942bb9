import type { HttpAnswer, HttpHead } from './send-request.js';

/**
 * Header fields that belong to one message, one connection or one moment, and not to the result of an operation: RFC 9110 §7.6.1
 * for those of a connection. `Content-Length` and `Transfer-Encoding` say how the same bytes are framed.
 */
const ofOneMessage = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'via'],
  ...['age', 'alt-svc', 'cf-ray', 'content-length', 'date', 'retry-after', 'server-timing', 'set-cookie'],
  ...['request-id', 'traceparent', 'tracestate', 'x-amzn-requestid', 'x-amzn-trace-id', 'x-amz-apigw-id'],
  ...[
    'x-cache',
    'x-correlation-id',
    'x-request-id',
    'x-response-time',
    'x-runtime',
    'x-served-by',
    'x-timer',
  ],
]);

const isOfOneMessage = (name: string) => ofOneMessage.has(name) || /^(x-)?rate-?limit/.test(name);

/** The values of a header field, one for each of its lines. */
export function valuesOf({ headers }: HttpHead, name: string): readonly string[] {
  return headers.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** The names of the header fields of `first` that `second` lacks, or has with another value. */
export function changedHeaders(
  first: HttpHead,
  second: HttpHead,
  ignored: readonly string[],
): readonly string[] {
  const names = new Set(first.headers.map(([name]) => name.toLowerCase()));
  const isIgnored = (name: string) =>
    isOfOneMessage(name) || ignored.some((one) => one.toLowerCase() === name);
  return [...names].filter(
    (name) => !isIgnored(name) && valuesOf(first, name).join('\n') !== valuesOf(second, name).join('\n'),
  );
}

/** Says how two bodies differ, or nothing where they are the same bytes. */
export function bodyDifference(
  { body: first }: HttpAnswer,
  { body: second }: HttpAnswer,
): string | undefined {
  if (first.equals(second)) return undefined;
  const shorter = Math.min(first.length, second.length);
  let index = 0;
  while (index < shorter && first[index] === second[index]) index += 1;
  return `a body of ${second.length} bytes that differs from byte ${index} on; expected the ${first.length} bytes of the first answer`;
}

/** Says how a second answer differs from the first, or nothing where it has the same status and bytes. */
export function answerDifference(first: HttpAnswer, second: HttpAnswer): string | undefined {
  if (second.status !== first.status)
    return `status ${second.status}; expected ${first.status}, as of the first answer`;
  return bodyDifference(first, second);
}
