import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { OperatorPage } from './operator-page.js';

/** What frameworks on top of Node.js add to its request. */
interface FrameworkRequest extends IncomingMessage {
  /** The path before a router has cut off its own part. */
  readonly originalUrl?: string;
  /** What a parser has made of the body. */
  readonly body?: unknown;
}

/** A listener of `node:http`, which Express takes for middleware. */
export type NodeListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error: unknown) => void,
) => Promise<void>;

/**
 * Makes a page a listener of `node:http`, or middleware of Express. `basePath` is the whole path, that of the router included. What the page throws
 * goes to `next`; without one the answer is a 500, and a process warning has the error.
 */
export function nodeListener(page: OperatorPage): NodeListener {
  return async (request, response, next) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      await send(response, await answerOf(page, request, gone.signal));
    } catch (error) {
      // The browser has gone away, which is no fault.
      if (gone.signal.aborted) return;
      if (next) return next(error);
      process.emitWarning(error instanceof Error ? error : String(error));
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  };
}

async function answerOf(
  page: OperatorPage,
  request: FrameworkRequest,
  signal: AbortSignal,
): Promise<Response> {
  const { method = 'GET', socket } = request;
  const path = request.originalUrl ?? request.url ?? '/';
  const origin = `${'encrypted' in socket ? 'https' : 'http'}://${request.headers.host ?? request.headers[':authority']}`;
  // An absolute address is for a proxy, and a host may be no host.
  if (!path.startsWith('/') || !URL.canParse(origin + path)) return new Response(null, { status: 400 });
  const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(request);
  const init = { method, headers: headersOf(request), body, signal, duplex: 'half' };
  return page(new Request(origin + path, init as RequestInit));
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    // HTTP/2 has its own, which begin with a colon.
    if (!name.startsWith(':')) headers.append(name, value);
  }
  return headers;
}

function bodyOf(request: FrameworkRequest): string | WebStream {
  // A parser that stands before the page has read what was sent.
  if (request.readableEnded && request.body !== undefined) return JSON.stringify(request.body);
  return Readable.toWeb(request);
}

async function send(response: ServerResponse, answer: Response): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (!answer.body) return void response.end();
  // A browser that goes away cancels the body.
  await pipeline(Readable.fromWeb(answer.body as WebStream), response);
}
