import type { PersistenceStore } from 'retrysafe';
import type { HttpOptions } from 'retrysafe/http';

/** Loads a module as an application does that installed it, by `import` or by `require`. */
// biome-ignore lint/suspicious/noExplicitAny: a framework of any shape, which may not be installed where types are checked
export type Load = (name: string) => Promise<any>;

/** What the suite changes of a guard's options. */
export type GuardOptions = Omit<Partial<HttpOptions<never>>, 'scope' | 'store'>;

/** What the handlers of a test server do, which the suite controls. */
export interface TestApplication {
  readonly store: PersistenceStore;
  /** Go into the options of every guard. */
  readonly options: GuardOptions;
  /** Counts one more run of a handler, tells the suite of it, and waits for as long as the suite lets it. Returns which run it is. */
  run(): Promise<number>;
  /** The parts of a streamed body, which the suite makes. */
  parts(): AsyncIterable<string>;
  /** Tells the suite of something in a handler that it looks at. */
  see(what: unknown): void;
}

/** A server that listens on a port of 127.0.0.1. */
export interface TestServer {
  readonly port: number;
  /** Ends all connections, and resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * Starts a framework's server with these routes, each written as the framework's users write it. Before the guard, and in this order:
 *
 *   - every answer gets `X-Request-Id: <a new UUID>`, `Access-Control-Allow-Origin: *` and `X-Rate-Limit-Remaining: <a number that falls>`
 *   - `Authorization: Bearer <user>` makes `<user>` the caller. Without it, a request to any path but `/open…` gets 401 and the text `who?`
 *   - bodies are parsed where that is usual
 *
 * The guard is on each POST and PUT route, with `{ store, scope: <the caller>, ...options }`. Each handler first does
 * `const run = await application.run()`. If `run()` throws, the handler throws that.
 *
 *   POST /payments                201, `Location: /payments/<run>`, `X-Run: <run>`, JSON { run, amount: <body.amount> }
 *   PUT  /payments                200, JSON { run }
 *   POST /accounts/:id/payments   201, JSON { run, account: <id> }
 *   POST /open/payments           201, JSON { run }. Nobody is authenticated here, so the scope yields nothing
 *   POST /text                    200, `text/plain`, the text `run <run>`
 *   POST /html                    202, `text/html; charset=utf-8`, `<p>run <run></p>`, and two header lines `Link: <a>; rel=x`, `Link: <b>; rel=y`
 *   POST /nothing                 204, no body
 *   POST /redirect                303, `Location: /payments/<run>`
 *   POST /bytes                   200, `application/octet-stream`: the bytes 0 to 255, then one byte <run>
 *   POST /status/:status          that status, JSON { run }
 *   POST /private                 200, `Set-Cookie: session=<run>`, `Connection: keep-alive`, `X-Rate-Limit-Remaining` as it stands, JSON { run }
 *   POST /stream                  200, `application/x-ndjson`: each text of `application.parts()` as it comes, by the framework's own way to stream
 *   POST /download                200, `application/octet-stream`, `Content-Length: 10`: `01234` and `56789` in two writes, the second
 *                                 after `application.parts()` gave its first part
 *   POST /large                   200, `text/plain`: 400,000 times `x`
 *   POST /broken                  200, `text/plain`: the text `begun`, then the stream fails with an Error
 *   POST /execution               200, JSON { key, attempt } of `currentExecution()`; calls `application.see(currentExecution().signal)`
 *   POST /completion              201, JSON { run }: asks for its completion with `responseOutcome({ status: 201, body: { run } })` of retrysafe/http,
 *                                 writes it by `store.replace(record, token)`, and sends the same as the framework does
 *   POST /validated               where the framework validates before handlers: 400 unless `amount` is a number, without `run()`; else 201, JSON { run }
 *   POST /upload                  where the framework reads forms: 201, JSON { run }
 *   GET  /payments                200, JSON { ok: true }; also HEAD. The guard of an application is in front of it where there is one
 *
 * `without` may also have these, which are no routes: `(several header lines)`, where the transport gives the server one line of several of
 * a request, and so cannot refuse them; `(several header lines of an answer)`; `(patterns)`, where a handler does not know its pattern.
 *
 * `native` names routes that the framework has in other ways, such as `/payments/returned`: the same answer as `/payments`.
 */
export interface ServerUnderTest {
  readonly title: string;
  /** Starts the server. Both module systems are tried: `load` is the only way to the framework and to `retrysafe`. */
  start(application: TestApplication, load: Load): Promise<TestServer>;
  /** Further routes with the answer of `/payments`, each in another of the framework's ways to answer. */
  readonly native?: readonly string[];
  /** Routes that the framework cannot have, with the reason. They are left out. */
  readonly without?: Readonly<Record<string, string>>;
  /** Whether error handling of the framework is seen with `errors: 'framework'`: the status, and a text in the body. */
  readonly frameworkError?: { readonly status: number; readonly text: RegExp };
}
