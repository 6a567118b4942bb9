import type { IncomingMessage } from 'node:http';
import type { RequestBody } from '../core/request-body.js';

/** Whether a request has a body (RFC 9112, section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length } = headers;
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0);
}

/** Whether a request has a body that nobody has read to its end. */
export function isUnread(req: IncomingMessage): boolean {
  return hasBody(req) && !req.readableEnded;
}

/** Whether somebody has begun to read a request. */
export function isBegun(req: IncomingMessage): boolean {
  return req.readableDidRead || req.readableEnded;
}

/** Reads the bytes of a request that nobody has begun to read, and puts them back for whoever reads it next. */
export function readBytes(req: IncomingMessage, limitBytes: number): Promise<RequestBody> {
  return new Promise((resolve, reject) => {
    const chunks: (Buffer | string)[] = [];
    let length = 0;
    const stop = () => {
      req.off('readable', read);
      req.off('close', abort);
    };
    const abort = () => {
      stop();
      reject(abortedRequest());
    };
    const read = () => {
      // To read from an empty stream that has ended would emit `end`, which nobody listens for yet.
      while (req.readableLength > 0) {
        const chunk: Buffer | string | null = req.read();
        if (chunk === null) break;
        chunks.push(chunk);
        length += chunk.length;
      }
      const isTooLarge = length > limitBytes;
      if (!isTooLarge && !req.complete) return false;
      stop();
      if (isTooLarge) {
        // What else comes is dropped, so that the connection can be used again.
        req.resume();
        resolve({ kind: 'too-large' });
        return true;
      }
      const bytes = Buffer.concat(chunks.map((chunk) => bytesOf(chunk, req.readableEncoding)));
      // Before this turn ends: then `end` would be emitted.
      for (const chunk of chunks.reverse()) req.unshift(chunk);
      resolve({ kind: 'bytes', bytes });
      return true;
    };
    const begin = () => {
      if (req.destroyed) return reject(abortedRequest());
      // What has come already is there without an event. For an empty body, to listen would emit `end`.
      if (read()) return;
      req.on('close', abort);
      req.on('readable', read);
    };
    // Node.js may be in the middle of what has come, and find the end in it in this turn.
    if (req.complete) begin();
    else queueMicrotask(begin);
  });
}

function bytesOf(chunk: Buffer | string, encoding: BufferEncoding | null): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding ?? 'utf8') : chunk;
}

/** The error that the parsers of Express have for it, too. */
function abortedRequest(): Error {
  const error = new Error('the client closed the connection before its request was complete');
  return Object.assign(error, {
    code: 'ECONNABORTED',
    type: 'request.aborted',
    status: 400,
    statusCode: 400,
  });
}
