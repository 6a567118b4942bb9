import { deadLetterFacts } from '../core/dead-letter-facts.js';
import type { Settlement } from '../core/settlement.js';
import type { JetStreamHeaders, JetStreamMessage } from './jetstream.js';

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
  const { reason, advice, code } = deadLetterFacts(error, settlement);
  const added: Record<string, unknown> = {
    Reason: reason,
    Advice: advice,
    Code: code,
    Subject: message.subject,
    Stream: message.info.stream,
    Sequence: message.seq,
    Deliveries: message.info.deliveryCount,
  };
  // A header is a line.
  for (const [name, value] of Object.entries(added))
    if (value !== undefined) headers.append(`Retrysafe-${name}`, String(value).replace(/\s+/g, ' '));
}
