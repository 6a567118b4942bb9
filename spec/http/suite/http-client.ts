import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';

/** What a client sends. */
export interface Sent {
  readonly method?: string;
  readonly path?: string;
  /** The caller. `null` sends no authentication. */
  readonly user?: string | null;
  /** The lines of `Idempotency-Key`, as they are. */
  readonly key?: string | readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
}

/** The header lines of an answer, in small letters. */
export class HeaderLines {
  constructor(readonly lines: readonly (readonly [string, string])[]) {}

  all(name: string): readonly string[] {
    return this.lines.filter(([line]) => line === name).map(([, value]) => value);
  }

  /** The value of a header that occurs once, if at all. */
  get(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) throw new Error(`there are ${values.length} lines of ${name}`);
    return values[0];
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly bytes: Buffer;
  readonly text: string;
  /** What the text says as JSON; nothing where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
  readonly json: any;
}

/** An answer that is under way. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: HeaderLines;
  /** What has come so far. */
  received(): string;
  /** Resolves once so many bytes have come. */
  until(bytes: number): Promise<void>;
  /** Resolves when the answer ended well, with `false` where the connection broke. */
  readonly ended: Promise<boolean>;
  /** Whether it has ended, well or not. */
  hasEnded(): boolean;
  pause(): void;
  /** Closes the connection. */
  hangUp(): void;
}

/** A request that is under way. */
export interface OpenRequest {
  /** Resolves when the head has come, and rejects where the connection broke before. */
  readonly head: Promise<OpenAnswer>;
  hasHead(): boolean;
  hangUp(): void;
}

/** A client that sends header lines as they are, and sees what comes when. */
export class HttpClient {
  // An idle connection is given up here before a server of Node.js would close it, which is after five seconds: a request that is on its way
  // by then would be lost.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 50, timeout: 2_000 });

  constructor(readonly port: number) {}

  close(): void {
    this.#agent.destroy();
  }

  async send(sent: Sent): Promise<Answer> {
    const answer = await this.open(sent).head;
    if (!(await answer.ended)) throw new Error('the connection broke in the middle of the answer');
    const { status, headers } = answer;
    const bytes = Buffer.from(answer.received(), 'latin1');
    const text = bytes.toString('utf8');
    return {
      status,
      headers,
      bytes,
      text,
      json: parsed(text),
    };
  }

  /** Sends a request, and returns before it is answered. Each has a connection of its own where it is hung up. */
  open({ method = 'POST', path = '/payments', user = 'alice', key, headers = {}, body }: Sent): OpenRequest {
    const bytes = bodyOf(body);
    const lines = [
      ['host', `127.0.0.1:${this.port}`],
      ...(user === null ? [] : [['authorization', `Bearer ${user}`]]),
      ...(bytes === undefined || 'content-type' in headers ? [] : [['content-type', 'application/json']]),
      // Otherwise Node.js announces a body in chunks.
      ...('transfer-encoding' in headers || (bytes === undefined && /^(GET|HEAD)$/.test(method))
        ? []
        : [['content-length', String(bytes?.length ?? 0)]]),
      ...[key ?? []].flat().map((line) => ['idempotency-key', line]),
      ...Object.entries(headers),
    ].flat();
    const request = httpRequest({
      host: '127.0.0.1',
      port: this.port,
      agent: this.#agent,
      method,
      path,
      headers: lines,
    });
    request.end(bytes);
    let hasHead = false;
    const head = new Promise<OpenAnswer>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        hasHead = true;
        resolve(openAnswer(response));
      });
    });
    head.catch(() => {});
    return { head, hasHead: () => hasHead, hangUp: () => void request.destroy() };
  }
}

function openAnswer(response: IncomingMessage): OpenAnswer {
  let received = '';
  let hasEnded = false;
  const waiting: { bytes: number; resolve: () => void }[] = [];
  response.setEncoding('latin1');
  response.on('data', (chunk: string) => {
    received += chunk;
    for (const { bytes, resolve } of waiting) if (received.length >= bytes) resolve();
  });
  response.on('error', () => {});
  const ended = new Promise<boolean>((resolve) => {
    response.on('close', () => {
      hasEnded = true;
      resolve(response.complete);
    });
  });
  const { rawHeaders } = response;
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] as string] as const] : [],
  );
  return {
    status: response.statusCode as number,
    headers: new HeaderLines(lines),
    received: () => received,
    async until(bytes) {
      if (received.length < bytes) await new Promise<void>((resolve) => waiting.push({ bytes, resolve }));
    },
    ended,
    hasEnded: () => hasEnded,
    pause: () => response.pause(),
    hangUp: () => response.destroy(),
  };
}

function bodyOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
