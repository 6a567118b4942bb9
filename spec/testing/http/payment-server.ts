import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Deferred, defer } from '../../support/defer.js';

/** What one server does wrong. */
export type Flaw = keyof typeof flaws;

/** Each flaw, and the checks that are meant to find it. */
export const flaws = {
  'runs a request without a key': ['key-missing'],
  'takes an empty field for a key': ['key-empty'],
  'takes a malformed key as it is': ['key-malformed'],
  'takes the first of several keys': ['key-several-lines'],
  'answers 422 where a key cannot be read': ['key-refusal-status'],
  'takes a key of no characters': ['key-empty-string'],
  'takes a key that is too long': ['key-too-long'],
  'takes a quoted key and a bare one for two': ['key-bare'],
  'refuses HEAD without a key': ['safe-methods'],
  'replays with another status': [
    ...['replay-status', 'replay-error', 'concurrent-answers', 'lost-body'],
    ...['large-body-replay', 'binary-replay'],
  ],
  'replays without header fields': ['replay-headers', 'lost-body'],
  'replays JSON that it wrote anew': [
    ...['replay-body', 'replay-error', 'concurrent-answers', 'large-body-replay'],
  ],
  'has an effect again when it replays': [
    ...['key-bare', 'replay-effect', 'json-spelling', 'concurrent-effect', 'lost-answer', 'lost-body'],
    'unauthenticated-replay',
  ],
  'makes a final error anew': ['replay-error'],
  'does not mark replays': ['marker-on-replay'],
  'marks every answer': ['marker-on-first'],
  'ignores the payload': ['reuse-completed', 'large-body-reuse', 'binary-reuse'],
  'runs another payload beside the first': ['reuse-running'],
  'forgets a key that was reused': ['refused-again'],
  'refuses a reused key when it has run it': ['refused-effect'],
  'compares the bytes of JSON': ['json-spelling'],
  'ignores the query': ['query'],
  'does not see that a request is running': [
    ...['reuse-running', 'concurrent-answers', 'concurrent-effect', 'lost-answer'],
  ],
  'says nothing about when to retry': ['retry-after'],
  'says a date for when to retry': ['retry-after'],
  'forgets a key whose client hangs up': ['lost-answer'],
  'shares keys among users': ['scope'],
  'authenticates after it replays': ['unauthenticated-replay', 'scope'],
  'shares keys among operations': ['other-operation'],
  'does not keep the answer to a large request': ['large-body-replay', 'large-body-reuse'],
  'compares the first bytes alone': ['large-body-reuse'],
  'keeps bytes as text': ['binary-replay'],
  'compares bytes as text': ['binary-reuse'],
  'answers errors in plain text': ['problem-details', 'problem-link'],
  'says another status in a problem': ['problem-status'],
  'links to no documentation': ['problem-link'],
} as const;

/** What a server keeps for a key. */
interface Entry {
  readonly fingerprint: string;
  answer?: Answer;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request that has been read as a whole. */
interface Read {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
}

/** What its answers are all different by. */
export type Variety = 'body' | 'headers' | 'nothing';

interface ServerOptions {
  /** What two answers to first requests differ in. Default: `'body'`. */
  readonly variety?: Variety;
  /** For TLS. */
  readonly credentials?: { readonly key: string; readonly cert: string };
}

/**
 * A server that does all that the kit checks, but for its flaw. `/payments/slow` takes until a second request of its key has come.
 */
export class PaymentServer {
  readonly #entries = new Map<string, Entry>();
  /** Opened by the second request of a key. */
  readonly #gates = new Map<string, Deferred<void>>();
  readonly #server: Server;
  #effects = 0;
  #requests = 0;

  private constructor(
    readonly flaw: Flaw | undefined,
    readonly options: ServerOptions,
  ) {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      // A client that hangs up in the middle of its request gets no answer.
      this.#handle(request, response).catch(() => response.destroy());
    };
    const { credentials } = options;
    this.#server = credentials ? createTlsServer(credentials, listener) : createServer(listener);
  }

  static async start(flaw?: Flaw, options: ServerOptions = {}): Promise<PaymentServer> {
    const server = new PaymentServer(flaw, options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.options.credentials ? 'https' : 'http'}://127.0.0.1:${port}/payments`;
  }

  /** How many requests there were, those for effects left out. */
  get requests(): number {
    return this.#requests;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = request.method ?? 'GET';
    const read = { method, path: url.pathname, query: url.search, body: Buffer.concat(chunks) };
    if (read.path === '/effects') return send(response, json(200, { effects: this.#effects }));
    this.#requests += 1;
    if (/^(GET|HEAD|OPTIONS)$/.test(method)) {
      const isRefused = this.#has('refuses HEAD without a key') && method === 'HEAD' && !keyLines(request)[0];
      return send(response, isRefused ? this.#problem(400, 'missing') : json(200, {}));
    }
    const answer = await this.#guard(request, response, read);
    return send(response, answer);
  }

  /** Authenticates, reads the key, and runs the operation or replays its answer. */
  async #guard(request: IncomingMessage, response: ServerResponse, read: Read): Promise<Answer> {
    const user = request.headers.authorization;
    const isReplayedBefore = this.#has('authenticates after it replays');
    if (!user && !isReplayedBefore) return this.#problem(401, 'authentication');
    const key = this.#readKey(keyLines(request));
    if (key === undefined) return this.#run(read);
    if (typeof key !== 'string') return key;
    if (this.#has('does not keep the answer to a large request') && read.body.length > 10_000)
      return this.#run(read);
    const path = this.#has('shares keys among operations') ? '' : read.path;
    const owner = this.#has('shares keys among users') || isReplayedBefore ? '' : user;
    const id = JSON.stringify([owner, read.method, path, key]);
    const gate = this.#gates.get(id);
    gate?.resolve();
    if (!gate) this.#gates.set(id, defer());
    const fingerprint = this.#fingerprint(read);
    const entry = this.#entries.get(id);
    if (entry && (entry.answer || !this.#has('does not see that a request is running')))
      return this.#answerAgain(id, entry, fingerprint, read);
    if (!user) return this.#problem(401, 'authentication');
    return this.#runOnce(id, fingerprint, read, response);
  }

  async #runOnce(id: string, fingerprint: string, read: Read, response: ServerResponse): Promise<Answer> {
    const entry: Entry = { fingerprint };
    this.#entries.set(id, entry);
    if (this.#has('forgets a key whose client hangs up'))
      response.on('close', () => response.writableFinished || this.#entries.delete(id));
    if (read.path.endsWith('/slow')) await this.#gates.get(id)?.promise;
    entry.answer = this.#run(read);
    return entry.answer;
  }

  #answerAgain(id: string, entry: Entry, fingerprint: string, read: Read): Answer {
    const { answer } = entry;
    if (entry.fingerprint !== fingerprint) {
      if (this.#has('runs another payload beside the first') && !answer) return this.#run(read);
      if (this.#has('forgets a key that was reused')) this.#entries.delete(id);
      if (this.#has('refuses a reused key when it has run it')) this.#effects += 1;
      return this.#problem(422, 'reused');
    }
    if (!answer) return this.#problem(409, 'running');
    if (this.#has('has an effect again when it replays')) this.#effects += 1;
    return this.#replay(answer, read);
  }

  #replay(answer: Answer, read: Read): Answer {
    const { headers, status, body } = answer;
    if (status >= 400 && this.#has('makes a final error anew')) return this.#run(read);
    const kept = this.#has('replays without header fields') ? {} : headers;
    const isText = this.#has('keeps bytes as text');
    const isJson = headers['content-type'] !== 'application/octet-stream';
    const isAnew = this.#has('replays JSON that it wrote anew') && isJson;
    const text = isAnew ? JSON.stringify(JSON.parse(body.toString())) : body.toString();
    return {
      status: this.#has('replays with another status') ? 200 : status,
      headers: this.#has('does not mark replays') ? kept : { ...kept, 'Idempotency-Replayed': 'true' },
      body: isText || isAnew ? Buffer.from(text) : body,
    };
  }

  /** The operation. A negative amount is an answer, too. */
  #run({ path, body }: Read): Answer {
    const headers = this.#has('marks every answer') ? { 'Idempotency-Replayed': 'true' } : undefined;
    if (path === '/files') {
      this.#effects += 1;
      const bytes = Buffer.concat([body, Buffer.from(randomUUID())]);
      return {
        status: 201,
        headers: { 'content-type': 'application/octet-stream', ...headers },
        body: bytes,
      };
    }
    const { amount } = JSON.parse(body.toString());
    if (amount < 0) return json(402, { type: '/problems/declined', title: 'declined', id: randomUUID() });
    this.#effects += 1;
    const { variety = 'body' } = this.options;
    const id = randomUUID();
    return json(
      201,
      { amount, ...(variety === 'body' ? { id } : {}) },
      {
        ...(variety === 'nothing' ? {} : { location: `/payments/${id}` }),
        'set-cookie': `at=${id}`,
        ...headers,
      },
    );
  }

  /** Returns the key, a refusal, or nothing where the request is to run without one. */
  #readKey(lines: readonly string[]): string | undefined | Answer {
    const [line, ...others] = lines;
    if (line === undefined)
      return this.#has('runs a request without a key') ? undefined : this.#problem(400, 'missing');
    const unreadable = () =>
      this.#problem(this.#has('answers 422 where a key cannot be read') ? 422 : 400, 'malformed');
    if (others.length > 0 && !this.#has('takes the first of several keys')) return unreadable();
    if (line === '') return this.#has('takes an empty field for a key') ? randomUUID() : unreadable();
    const quoted = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(line)?.[1];
    const bare = /^[\x21\x23-\x2b\x2d-\x7e]+$/.exec(line)?.[0];
    const malformed = this.#has('takes a malformed key as it is') ? line : undefined;
    const key = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? malformed;
    if (key === undefined) return unreadable();
    if (key === '' && !this.#has('takes a key of no characters')) return this.#problem(400, 'malformed');
    if (key.length > 255 && !this.#has('takes a key that is too long'))
      return this.#problem(400, 'malformed');
    return this.#has('takes a quoted key and a bare one for two') ? line : key;
  }

  #fingerprint({ path, query, body }: Read): string {
    const search = this.#has('ignores the query') ? '' : query;
    if (this.#has('ignores the payload')) return search;
    const hash = createHash('sha256').update(search);
    const isJson = path !== '/files' && !this.#has('compares the bytes of JSON');
    const bytes = isJson ? Buffer.from(canonical(JSON.parse(body.toString()))) : body;
    const isText = this.#has('compares bytes as text');
    const compared = this.#has('compares the first bytes alone') ? bytes.subarray(0, 1_000) : bytes;
    return hash.update(isText ? compared.toString() : compared).digest('hex');
  }

  #problem(status: number, name: string): Answer {
    if (this.#has('answers errors in plain text'))
      return {
        status,
        headers: { ...retryAfter(status), 'content-type': 'text/plain' },
        body: Buffer.from(name),
      };
    const type = this.#has('links to no documentation')
      ? 'about:blank'
      : `https://example.com/problems/${name}`;
    const said = this.#has('says another status in a problem') ? 500 : status;
    const date = this.#has('says a date for when to retry')
      ? { 'retry-after': new Date().toUTCString() }
      : {};
    const isSilent = this.#has('says nothing about when to retry');
    return json(
      status,
      { type, title: name, status: said },
      { 'content-type': 'application/problem+json', ...(isSilent ? {} : retryAfter(status)), ...date },
    );
  }

  #has(flaw: Flaw): boolean {
    return this.flaw === flaw;
  }
}

function keyLines({ rawHeaders }: IncomingMessage): readonly string[] {
  return rawHeaders.filter(
    (_, index) => rawHeaders[index - 1]?.toLowerCase() === 'idempotency-key' && index % 2,
  );
}

function retryAfter(status: number): Readonly<Record<string, string>> {
  return status === 409 ? { 'retry-after': '1' } : {};
}

/** An answer whose JSON has white space, which is lost where it is written anew. */
function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = Buffer.from(JSON.stringify(value, null, 1));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** Members in the order of their names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'x-request-id': randomUUID() }).end(body);
}
