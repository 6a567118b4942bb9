import type { IncomingMessage } from 'node:http';

/** Resolves to the bytes of a body, and rejects where it breaks off. */
export type ComingBody = () => Buffer | Promise<Buffer>;

/**
 * Whether all of a body fits into what Node.js reads of a request by itself. Then it comes whole whatever its reader does, and can be
 * watched.
 *
 * @param length What the client has declared.
 */
export function comesByItself(message: IncomingMessage, length: number): boolean {
  return length > 0 && length < message.readableHighWaterMark && message.readableEncoding === null;
}

/** Watches a body as it comes. It is not read: that is for a parser, or a handler. */
export function watchBody(message: IncomingMessage): ComingBody {
  const chunks: Buffer[] = [];
  if (message.readableLength > 0) {
    const begun: Buffer = message.read();
    chunks.push(begun);
    // In the same turn: in a later one, a message that is complete would emit its end.
    message.unshift(begun);
  }
  const whole = () => (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  if (message.complete) return whole;
  overridePush(message, (chunk) => {
    if (chunk) chunks.push(chunk);
  });
  return () => (message.complete ? whole() : comingOf(message).then(whole));
}

/** Resolves when a message is complete. */
function comingOf(message: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    overridePush(message, (chunk) => {
      if (chunk === null) resolve();
    });
    const broke = () =>
      reject(Object.assign(new Error('the request ended before its body did'), { statusCode: 400 }));
    if (message.destroyed) broke();
    message.once('close', broke);
  });
}

/** Tells of each part that Node.js adds to a message, and of its end. */
function overridePush(message: IncomingMessage, tell: (chunk: Buffer | null) => void): void {
  const { push } = message;
  const telling = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    tell(chunk);
    return push.call(message, chunk, encoding);
  };
  Object.assign(message, { push: telling });
}
