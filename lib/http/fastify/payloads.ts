import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { bodyOf, type RecordedResponse } from '../core/recorded-response.js';
import type { BodyParts } from '../fetch/body-parts.js';
import type { Source } from './reply-stream.js';

/** Whether Fastify takes a payload for a stream of Node.js. */
export function isStream(payload: unknown): payload is Source {
  return typeof (payload as Source | null | undefined)?.pipe === 'function';
}

/** Whether Fastify takes a payload for a web stream. */
export function isWebStream(payload: unknown): payload is ReadableStream<Uint8Array> {
  return typeof (payload as ReadableStream | null | undefined)?.getReader === 'function';
}

/** Whether Fastify takes a payload for a fetch `Response`, of whichever library. */
export function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]';
}

/** Returns the bytes of a payload that is there as a whole. */
export function bytesOf(payload: string | Uint8Array): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload, 'utf8');
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

/** Lets a reply have the status and headers of a fetch `Response`, as Fastify does after its hooks. */
export function takeHead(reply: FastifyReply, { status, headers }: Response): void {
  reply.code(status);
  for (const [name, value] of headers) reply.header(name, value);
}

/** Returns a web stream as a stream of Node.js. `begun`: the parts of it that were read. */
export function readableOf(body: BodyParts, begun: readonly Uint8Array[] = []): Readable {
  const parts = [...begun];
  return new Readable({
    read() {
      const part = parts.shift();
      if (part) return void this.push(part);
      body
        .next()
        .then((next) => this.push(next ?? null))
        .catch((error) => this.destroy(error));
    },
    destroy(error, done) {
      body.cancel(error).then(() => done(error));
    },
  });
}

/** Returns a recorded body as a payload: one that Fastify sends as it is, and as a stream where it was one. */
export function recordedPayload(response: RecordedResponse): Readable | Buffer | undefined {
  const body = bodyOf(response);
  if (!response.isStream) return body;
  return Readable.from(body && body.byteLength > 0 ? [body] : [], { objectMode: false });
}
