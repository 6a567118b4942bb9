import type { FastifyReply } from 'fastify';
import { BodyRecording } from '../core/body-recording.js';
import type { MadeResponse } from '../core/guarded-request.js';
import { contentLengthIn, headersToRecord } from '../core/recorded-headers.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { BodyParts } from '../fetch/body-parts.js';
import { replyLines } from './header-lines.js';
import { bytesOf, isResponse, isStream, isWebStream, readableOf, takeHead } from './payloads.js';
import { ReplyStream, type Source } from './reply-stream.js';

type WholePayload = string | Uint8Array | null | undefined;

/** What a handler sent. */
export interface Taken {
  /** What Fastify is to send. */
  readonly payload: WholePayload | ReplyStream['out'];
  /** Where the payload is a stream. */
  readonly stream?: ReplyStream;
  /** Resolves when the response has ended, and rejects where it breaks. */
  made(): MadeResponse | Promise<MadeResponse>;
}

/** What is known before a handler sends. */
export interface Taking {
  readonly reply: FastifyReply;
  /** The headers that stood before the guard. */
  readonly before: readonly HeaderLine[];
  readonly maxBody: number;
}

/**
 * Takes what a handler sends. Returns nothing for what Fastify refuses to send. The body of a fetch `Response` that is there in this turn
 * of the event loop is whole.
 */
export function takePayload(payload: unknown, taking: Taking): Taken | Promise<Taken> | undefined {
  if (isResponse(payload)) return payload.bodyUsed ? undefined : takeResponse(payload, taking);
  if (isStream(payload)) return takeStream(payload, taking);
  if (isWebStream(payload))
    return payload.locked
      ? undefined
      : takeStream(readableOf(new BodyParts(payload, new BodyRecording(0))), taking);
  const isWhole = payload === undefined || payload === null || typeof payload === 'string';
  return isWhole || payload instanceof Uint8Array ? takeWhole(payload, taking) : undefined;
}

function takeWhole(payload: WholePayload, { reply, before, maxBody }: Taking): Taken {
  const recording = new BodyRecording(maxBody);
  if (payload !== undefined && payload !== null) recording.add(bytesOf(payload));
  const { statusCode: status } = reply;
  const headers = headersToRecord(replyLines(reply), before);
  return { payload, made: () => ({ status, headers, ...recording.recorded(status, headers, false) }) };
}

async function takeResponse(response: Response, taking: Taking): Promise<Taken> {
  takeHead(taking.reply, response);
  if (!response.body) return takeWhole(null, taking);
  const body = new BodyParts(response.body, new BodyRecording(taking.maxBody));
  const { parts, isWhole } = await body.atOnce();
  return isWhole ? takeWhole(Buffer.concat(parts), taking) : takeStream(readableOf(body, parts), taking);
}

function takeStream(source: Source, { reply, before, maxBody }: Taking): Taken {
  const { statusCode: status } = reply;
  const lines = replyLines(reply);
  const headers = headersToRecord(lines, before);
  const length = contentLengthIn(lines);
  const stream = new ReplyStream(source, maxBody, length);
  const made = async () => {
    await stream.flow();
    return { status, headers, ...stream.recording.recorded(status, headers, length === undefined) };
  };
  return { payload: stream.out, stream, made };
}
