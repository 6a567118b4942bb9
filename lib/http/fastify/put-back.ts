import { Readable } from 'node:stream';

/** What was read of a stream. */
export interface Beginning {
  /** All of its bytes, unless there are more than were wanted. */
  readonly bytes: Buffer | undefined;
  /** Has all bytes again: the same stream, where they could be put back. */
  readonly stream: Readable;
}

/**
 * Reads a stream to its end, as far as it has no more than `limitBytes`, and puts back what was read. So whoever reads it next, such as a
 * parser, or a handler that takes files from it, gets all of it.
 */
export function readAndPutBack(stream: Readable, limitBytes: number): Promise<Beginning> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer | string) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      chunks.push(bytes);
      length += bytes.byteLength;
    };
    const putBack = (isWhole: boolean) => {
      leave();
      const bytes = Buffer.concat(chunks);
      stream.unshift(bytes);
      resolve({ bytes: isWhole ? bytes : undefined, stream });
    };
    const listeners = {
      readable() {
        for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) {
          take(chunk);
          if (length > limitBytes) return putBack(false);
        }
        if (length > 0 && hasArrived(stream)) putBack(true);
      },
      end() {
        leave();
        const bytes = Buffer.concat(chunks);
        resolve({ bytes, stream: Readable.from([bytes], { objectMode: false }) });
      },
      error(error: unknown) {
        leave();
        reject(error);
      },
      close: () => listeners.error(new Error('the request ended before its body did')),
    };
    const leave = () => {
      for (const [event, listener] of Object.entries(listeners)) stream.off(event, listener);
    };
    for (const [event, listener] of Object.entries(listeners)) stream.on(event, listener);
  });
}

/**
 * Whether the last byte has arrived. A stream takes bytes back until it emits `end`, a turn later. No documented property says it before:
 * `complete` is one of HTTP/1's messages alone.
 */
function hasArrived(stream: Readable): boolean {
  return (stream as { _readableState?: { ended?: boolean } })._readableState?.ended === true;
}
