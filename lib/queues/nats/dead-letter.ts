import { isObject } from '../../options/reading.js';
import type { Settlement } from '../core/settlement.js';
import type { JetStreamHeaders, JetStreamMessage } from './jetstream.js';

const LONGEST_REASON = 1_000;

/**
 * Fills the headers of a message that is set aside: those of the message, and why, whence and how often it was delivered. Not what tells the
 * server something, such as what the stream must be like for the message, or that it replaces all earlier ones.
 */
export function fillHeaders(
  headers: JetStreamHeaders,
  message: JetStreamMessage,
  error: unknown,
  settlement: Settlement,
): void {
  for (const [name, values] of message.headers ?? [])
    if (!/^nats-/i.test(name)) for (const value of values) headers.append(name, value);
  const { code } = (isObject(error) ? error : {}) as { readonly code?: unknown };
  const added: Record<string, unknown> = {
    Reason: settlement.reason.slice(0, LONGEST_REASON),
    Advice: settlement.do === 'park' ? settlement.advice : 'failed',
    Code: typeof code === 'string' ? code : undefined,
    Subject: message.subject,
    Stream: message.info.stream,
    Sequence: message.seq,
    Deliveries: message.info.deliveryCount,
  };
  // A header is a line.
  for (const [name, value] of Object.entries(added))
    if (value !== undefined) headers.append(`Retrysafe-${name}`, String(value).replace(/\s+/g, ' '));
}
