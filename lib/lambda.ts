import { decodedJson } from './exact-json.js';

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

type Loose = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// API Gateway REST and HTTP, Application Load Balancer and function URL all have these two.
function isHttpEvent(value: unknown): value is Loose {
  return isObject(value) && isObject(value.requestContext) && 'isBase64Encoded' in value;
}

function isSqsRecord(value: unknown): value is Loose {
  return isObject(value) && value.eventSource === 'aws:sqs' && 'body' in value;
}

function isSnsRecord(value: unknown): value is Loose & { readonly Sns: Loose } {
  return isObject(value) && value.EventSource === 'aws:sns' && isObject(value.Sns);
}

function hasRecords(value: unknown): value is { readonly Records: readonly unknown[] } {
  const isRecord = (one: unknown) =>
    isObject(one) && /^aws:/.test(String(one.eventSource ?? one.EventSource));
  return (
    isObject(value) &&
    Array.isArray(value.Records) &&
    value.Records.length > 0 &&
    isFull(value.Records) &&
    value.Records.every(isRecord)
  );
}

// A list of mostly holes would take as long as it says it is.
function isFull(list: readonly unknown[]): boolean {
  return Object.keys(list).length === list.length;
}

/** Whether this is an event as Lambda delivers it, or a record of one: it differs with every delivery. */
export function isLambdaEvent(value: unknown): boolean {
  return isHttpEvent(value) || hasRecords(value) || isSqsRecord(value) || isSnsRecord(value);
}

/** The event with the JSON text in it decoded, for expressions to look into. The event itself stays as it is. */
export function decodedEvent(event: unknown): unknown {
  if (hasRecords(event)) return { ...event, Records: event.Records.map(decodedRecord) };
  if (!isHttpEvent(event)) return decodedRecord(event);
  if (typeof event.body !== 'string') return event;
  const body = event.isBase64Encoded === true ? Buffer.from(event.body, 'base64').toString() : event.body;
  return { ...event, body: decodedJson(body) };
}

function decodedRecord(record: unknown): unknown {
  if (isSnsRecord(record)) return { ...record, Sns: withMessage(record.Sns) };
  if (!isSqsRecord(record) || typeof record.body !== 'string') return record;
  const body = decodedJson(record.body);
  const isNotification = isObject(body) && body.Type === 'Notification' && 'Message' in body;
  return { ...record, body: isNotification ? withMessage(body) : body };
}

function withMessage(notification: Loose): Loose {
  const { Message: message } = notification;
  return typeof message === 'string' ? { ...notification, Message: decodedJson(message) } : notification;
}
