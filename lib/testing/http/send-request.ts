import type { ClientRequest } from 'node:http';

/** A request as it is sent: its header lines are those that are here, and what HTTP itself needs. */
export interface HttpMessage {
  readonly method: string;
  readonly url: URL;
  /** A name with several values is sent as several lines. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer;
  readonly timeoutMs: number;
  readonly ca?: string | Uint8Array;
}

/** The status and the header lines of an answer. */
export interface HttpHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A whole answer. */
export interface HttpAnswer extends HttpHead {
  readonly body: Buffer;
}

/** There was no answer, or not all of one. */
export class NoAnswerError extends Error {}

/**
 * Sends a request on a connection of its own and returns the whole answer.
 *
 * @throws {NoAnswerError} if there is none in time.
 */
export function sendRequest(message: HttpMessage): Promise<HttpAnswer> {
  return exchange(message, (request, resolve, reject) => {
    request.on('response', (response) => {
      const chunks: Uint8Array[] = [];
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      response.on('end', () => resolve({ ...headOf(response), body: Buffer.concat(chunks) }));
      response.on('error', (error) => reject(interrupted(message, error)));
    });
  });
}

/** Sends a request and destroys the connection as soon as all of it is handed over. No answer is read. */
export function sendAndHangUp(message: HttpMessage): Promise<void> {
  return exchange(message, (request, resolve) => {
    request.on('finish', () => {
      resolve();
      request.destroy();
    });
  });
}

/**
 * Sends a request and destroys the connection as soon as the head of the answer has come, which it returns.
 *
 * @throws {NoAnswerError} if there is none in time.
 */
export function readHeadAndHangUp(message: HttpMessage): Promise<HttpHead> {
  return exchange(message, (request, resolve) => {
    request.on('response', (response) => {
      resolve(headOf(response));
      response.on('error', () => {});
      request.destroy();
    });
  });
}

type Listen<T> = (
  request: ClientRequest,
  resolve: (value: T) => void,
  reject: (error: NoAnswerError) => void,
) => void;

async function exchange<T>(message: HttpMessage, listen: Listen<T>): Promise<T> {
  const { method, url, headers, body, timeoutMs, ca } = message;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      // No agent: a connection that is kept alive could be one that the server is about to close.
      const options = { method, headers: copyOf(headers), agent: false as const };
      const request = senderFor(url)(url, ca === undefined ? options : { ...options, ca: pemOf(ca) });
      request.on('error', (error) => reject(interrupted(message, error)));
      timer = setTimeout(() => {
        reject(new NoAnswerError(`${method} was not answered within ${timeoutMs / 1_000} s`));
        request.destroy();
      }, timeoutMs);
      listen(request, resolve, reject);
      request.end(body);
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Both take milliseconds to load, which who imports the tools for tests does not wait for. */
function senderFor(url: URL) {
  return url.protocol === 'https:'
    ? process.getBuiltinModule('node:https').request
    : process.getBuiltinModule('node:http').request;
}

function interrupted({ method }: HttpMessage, error: Error & { readonly code?: string }): NoAnswerError {
  return new NoAnswerError(`${method} was not answered: ${error.code ?? error.message}`);
}

function headOf(response: {
  readonly statusCode?: number | undefined;
  readonly rawHeaders: readonly string[];
}): HttpHead {
  const headers: [string, string][] = [];
  for (let index = 0; index < response.rawHeaders.length; index += 2)
    headers.push([response.rawHeaders[index] ?? '', response.rawHeaders[index + 1] ?? '']);
  return { status: response.statusCode ?? 0, headers };
}

function copyOf(headers: HttpMessage['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

function pemOf(ca: string | Uint8Array): string | Buffer {
  return typeof ca === 'string' ? ca : Buffer.from(ca);
}
