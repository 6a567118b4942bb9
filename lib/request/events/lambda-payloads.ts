import { decodedJson } from '../../values/json/exact-json.js';
import type { Fields } from '../../values/own-properties.js';
import { fromBase64, fromZippedBase64, textOrBytes } from './decoding.js';
import { formFields } from './form-fields.js';
import { lookUpHeader } from './header.js';

export type PayloadObject = Readonly<Fields>;

/** How to decode each property that carries text, or has properties that do. */
export interface Decoders {
  readonly [name: string]: Decoders | ((part: unknown, whole: PayloadObject) => unknown);
}

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
    Object.defineProperty(copy, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value =
          typeof decode === 'function' ? decode(part, whole) : decodedWhenRead(part as PayloadObject, decode);
        // It stays enumerable and configurable.
        Object.defineProperty(copy, name, { value });
        return value;
      },
    });
  }
  return copy;
}

/** Decodes text that is a JSON list or object. Other text stays text, and bytes stay bytes. */
export function decodedText(text: unknown): unknown {
  return isText(text) ? decodedJson(text) : text;
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
  const value = decodedText(body);
  // An application's own object may have a property `Message`, too.
  const isFromSns = isObject(value) && value.Type === 'Notification' && isText(value.TopicArn);
  return isFromSns ? decodedWhenRead(value, { Message: decodedText }) : value;
}

/** Decodes the body of an HTTP request: JSON, the fields of a form, other text, or bytes. */
export function httpBody(body: unknown, event: PayloadObject): unknown {
  if (!isText(body)) return body;
  // VPC Lattice version 1 has the second name.
  const text = (event.isBase64Encoded ?? event.is_base64_encoded) === true ? fromBase64(body) : body;
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
  return headers.map((header) =>
    isObject(header)
      ? Object.fromEntries(Object.entries(header).map(([name, value]) => [name, textOfBytes(value)]))
      : header,
  );
}

function textOfBytes(value: unknown): unknown {
  return Array.isArray(value) && value.every(isByte) ? textOrBytes(Buffer.from(value)) : value;
}

// Java's bytes may be negative. Any other number would be cut to a byte, and would equal another number.
function isByte(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= -128 && (value as number) < 256;
}
