import { IncomingMessage } from 'node:http';
import type { FastifyRequest, preParsingHookHandler } from 'fastify';
import type { HttpGuard } from '../core/guard.js';
import type { RequestBody } from '../core/request-body.js';
import { requestLines } from './header-lines.js';
import { readAndPutBack } from './put-back.js';
import { comesByItself, watchBody } from './watched-body.js';

const kept = Symbol('retrysafe.body');

type Kept = () => RequestBody | Promise<RequestBody>;

type Keeping = FastifyRequest & { [kept]?: Kept };

function keepFor(request: Keeping, body: Kept): void {
  request[kept] = body;
}

/** Returns the body of a request: the bytes that were kept of it, or what a parser made of it where they were gone before. */
export function bodyOfRequest(request: Keeping): RequestBody | Promise<RequestBody> {
  const body = request[kept]?.();
  if (body) return body;
  return request.body === undefined ? { kind: 'none' } : { kind: 'parsed', value: request.body };
}

/**
 * Returns a hook that keeps the bytes of a guarded request's body. What validation makes of them is not compared: it turns a text into a
 * number where a schema says so.
 */
export function keepBytes(guard: HttpGuard<FastifyRequest>, isRequired: boolean): preParsingHookHandler {
  return (request: Keeping, _reply, payload, done) => {
    const { method, raw, headers } = request;
    const header = (name: string) => requestLines(request, name);
    const length = Number(headers['content-length'] ?? 0);
    const hasBody = length > 0 || headers['transfer-encoding'] !== undefined || raw.httpVersionMajor > 1;
    // Something before may have read the body.
    if (
      !hasBody ||
      payload.readableEnded ||
      payload.destroyed ||
      !guard.concerns({ method, header }, isRequired)
    )
      return done();
    const keep = (bytes: Buffer | undefined): RequestBody =>
      bytes ? { kind: 'bytes', bytes } : { kind: 'too-large' };
    if (length > guard.maxRequest) {
      keepFor(request, () => keep(undefined));
      return done();
    }
    if (payload === raw && raw instanceof IncomingMessage && comesByItself(raw, length)) {
      const coming = watchBody(raw);
      keepFor(request, () => {
        const bytes = coming();
        return bytes instanceof Promise ? bytes.then(keep) : keep(bytes);
      });
      return done();
    }
    // Its continuation has the context of this hook, which a listener would not have.
    readAndPutBack(payload, guard.maxRequest).then(
      ({ bytes, stream }) => {
        keepFor(request, () => keep(bytes));
        if (stream === payload) return done();
        // Fastify compares the declared length with what has come, before it was decoded.
        const { receivedEncodedLength = 0 } = payload;
        done(null, Object.assign(stream, { receivedEncodedLength }));
      },
      (error) => done(Object.assign(error, { statusCode: error.statusCode ?? 400 })),
    );
  };
}
