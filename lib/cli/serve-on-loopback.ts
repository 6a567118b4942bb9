import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Desk } from '../operator/desk.js';
import { nodeListener } from '../operator/page/node-listener.js';
import { type OperatorPage, pageOfDesks } from '../operator/page/operator-page.js';
import { pageDocument, pageStyle, signInScript } from '../operator/page/page-assets.js';
import { jsonAnswer, pageAnswer } from '../operator/page/page-headers.js';
import type { OperatorPageOptions } from '../operator/page/page-options.js';
import { PageRefusal } from '../operator/page/page-refusal.js';
import { checkSameOrigin, readBody } from '../operator/page/page-request.js';

/** Where a page is served, and for whom. */
export interface LoopbackOptions extends Pick<OperatorPageOptions, 'readOnly' | 'reveal' | 'traceUrl'> {
  readonly desks: ReadonlyMap<string, Desk>;
  /** The names of the operations whose options the desks know. Default: none. */
  readonly operations?: readonly string[];
  /** The name of the operator. It goes into each record that is resolved. */
  readonly operator: string;
  /** `127.0.0.1` or `::1`. Default: `127.0.0.1`. */
  readonly host?: '127.0.0.1' | '::1';
  /** Default: a free one. */
  readonly port?: number;
}

/** A page that is served to this machine. */
export interface LoopbackPage {
  /** The address of the page, with a token that is good for one browser, once. */
  readonly link: string;
  close(): Promise<void>;
}

const secret = () => randomBytes(32).toString('base64url');

/**
 * Serves the operator's page to the browsers of this machine. The link has a token behind its `#`, where it is in no request, no log and no
 * `Referer`. The first browser that sends it gets a cookie for it, and then it is worth nothing.
 */
export async function serveOnLoopback(options: LoopbackOptions): Promise<LoopbackPage> {
  const { desks, operations, operator, host = '127.0.0.1', port = 0, ...rest } = options;
  // Cookies of a host go to all of its ports, but only to their path: so no other service of this machine gets this one.
  const basePath = `/${randomBytes(9).toString('base64url')}/`;
  const gate = new Gate(basePath, operator);
  const authorize = (request: Request) => gate.operatorOf(request);
  const page = pageOfDesks(desks, { ...rest, basePath, authorize, rates: false }, operations);
  const server = createServer(nodeListener((request) => gate.answer(request, page)));
  await listening(server, port, host);
  const { port: own } = server.address() as AddressInfo;
  const origin = `http://${host === '::1' ? '[::1]' : host}:${own}`;
  gate.open(own);
  return { link: `${origin}${basePath}#${gate.token}`, close: () => closed(server) };
}

/** Lets one browser in. */
class Gate {
  readonly token = secret();
  readonly #session = secret();
  readonly #basePath: string;
  readonly #operator: string;
  #hosts: readonly string[] = [];
  #isUsed = false;

  constructor(basePath: string, operator: string) {
    this.#basePath = basePath;
    this.#operator = operator;
  }

  /** A name of another host that leads to this machine is a web site that wants to be it (DNS rebinding). */
  open(port: number): void {
    this.#hosts = ['127.0.0.1', '[::1]', 'localhost'].map((host) => `${host}:${port}`);
  }

  operatorOf({ headers }: Request): string | undefined {
    const [, session] = /(?:^|;\s*)retrysafe-operator=([\w-]+)/.exec(headers.get('cookie') ?? '') ?? [];
    return isSame(session, this.#session) ? this.#operator : undefined;
  }

  async answer(request: Request, page: OperatorPage): Promise<Response> {
    try {
      if (!this.#hosts.includes(request.headers.get('host') ?? ''))
        throw new PageRefusal(421, 'This server answers to the address of this machine alone.');
      return (await this.#ownAnswer(request)) ?? (await page(request));
    } catch (error) {
      if (!(error instanceof PageRefusal)) throw error;
      return jsonAnswer({ error: error.message }, error.status, error.headers);
    }
  }

  /** What the page does not answer: it knows nobody yet. */
  async #ownAnswer(request: Request): Promise<Response | undefined> {
    const { method } = request;
    const { pathname } = new URL(request.url);
    if (pathname === `${this.#basePath}api/sign-in` && method === 'POST') return this.#signIn(request);
    if (method !== 'GET' || this.operatorOf(request) !== undefined) return undefined;
    if (pathname === this.#basePath)
      return pageAnswer(pageDocument('sign-in.js', 'Signing in…'), 'text/html', { status: 403 });
    if (pathname === `${this.#basePath}sign-in.js`) return pageAnswer(signInScript, 'text/javascript');
    if (pathname === `${this.#basePath}page.css`) return pageAnswer(pageStyle, 'text/css');
    return undefined;
  }

  async #signIn(request: Request): Promise<Response> {
    checkSameOrigin(request);
    const { token } = (await readBody(request)) as { readonly token?: unknown };
    if (this.#isUsed || !isSame(token, this.token))
      throw new PageRefusal(
        403,
        'This link was used before, or is of an earlier run. Run `npx retrysafe ui` again.',
      );
    this.#isUsed = true;
    const cookie = `retrysafe-operator=${this.#session}; Path=${this.#basePath}; HttpOnly; SameSite=Strict`;
    return jsonAnswer({}, 200, { 'set-cookie': cookie });
  }
}

function isSame(given: unknown, expected: string): boolean {
  const [one, other] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
