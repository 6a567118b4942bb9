import type { Fields } from '../../values/own-properties.js';
import { decodedText, fromBase64, fromZippedBase64, textOrBytes } from './decoding.js';
import { formFields } from './form-fields.js';
import { lookUpHeader } from './header.js';

export type PayloadObject = Readonly<Fields>;

/** How to decode each property that carries text. */
export type Decoders = Readonly<Record<string, (part: unknown, whole: PayloadObject) => unknown>>;

export function isObject(value: unknown): value is PayloadObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * Returns a copy of an object whose properties are decoded when they are first read. A key selects one field, and a batch
 * may have ten thousand records.
 */
export function decodedWhenRead(whole: PayloadObject, decoders: Decoders): PayloadObject {
  const copy = { ...whole };
  for (const [name, decode] of Object.entries(decoders)) {
    const part = whole[name];
    if (part === undefined || part === null) continue;
    const define = (how: PropertyDescriptor) =>
      Object.defineProperty(copy, name, { enumerable: true, configurable: true, ...how });
    define({
      get() {
        const value = decode(part, whole);
        define({ value });
        return value;
      },
    });
  }
  return copy;
}

/** Decodes base64 to JSON, to text, or to bytes. */
export function base64(data: unknown): unknown {
  return isText(data) ? decodedText(fromBase64(data)) : data;
}

/** Decodes the data of CloudWatch Logs. */
export function zippedBase64(data: unknown): unknown {
  return isText(data) ? decodedText(fromZippedBase64(data, 'an expression over awslogs.data')) : data;
}

/** Decodes the body of a message. It may be a notification that SNS put into a queue. */
export function queuedText(body: unknown): unknown {
  const value = isText(body) ? decodedText(body) : body;
  // An application's own object may have a property `Message`, too.
  const isFromSns = isObject(value) && value.Type === 'Notification' && isText(value.TopicArn);
  return isFromSns ? notification(value) : value;
}

export function notification(sns: unknown): unknown {
  return decodedWhenRead(sns as PayloadObject, {
    Message: (text) => (isText(text) ? decodedText(text) : text),
  });
}

/** Decodes the body of an HTTP request: JSON, the fields of a form, other text, or bytes. */
export function httpBody(body: unknown, event: PayloadObject, isBase64: unknown): unknown {
  if (!isText(body)) return body;
  const text = isBase64 === true ? fromBase64(body) : body;
  const value = decodedText(text);
  // Without an option, curl sends JSON with the content type of a form.
  return isText(value) && value.includes('=') && isForm(event) ? (formFields(value) ?? value) : value;
}

function isForm(event: PayloadObject): boolean {
  const type = lookUpHeader(event, 'content-type');
  return isText(type) && /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type);
}

/** Decodes the values of Kafka's headers, which are lists of bytes. */
export function kafkaHeaders(headers: unknown): unknown {
  if (!Array.isArray(headers)) return headers;
  // Java's bytes may be negative. Any other number would be cut to a byte, and would equal another number.
  const isByte = (one: unknown) => Number.isInteger(one) && (one as number) >= -128 && (one as number) < 256;
  const decode = (value: unknown) =>
    Array.isArray(value) && value.every(isByte) ? textOrBytes(Buffer.from(value)) : value;
  return headers.map((header) =>
    isObject(header)
      ? Object.fromEntries(Object.entries(header).map(([name, value]) => [name, decode(value)]))
      : header,
  );
}
