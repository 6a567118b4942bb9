import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const express = specs('http/express.long');
const fastify = specs('http/fastify.long');
const hono = specs('http/hono.long');
const nest = specs('http/nest.long');

/** What adapters over Node's `ServerResponse` can do wrong. */
export const httpAdapters: readonly Mutant[] = [
  {
    name: 'node-answer-sent-before-its-record',
    flaw: 'What a handler writes is sent when it has ended, and recorded afterwards.',
    changes: [
      {
        file: 'lib/http/node/response-exchange.ts',
        replace: '  ended(made: MadeResponse): void {\n',
        by: '  ended(made: MadeResponse): void {\n    this.#held?.send();\n',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-stream-buffered-whole',
    flaw: 'What a handler writes in parts reaches its client when it has ended.',
    changes: [
      {
        file: 'lib/http/node/held-body.ts',
        replace: 'const isHeld = length !== undefined && this.#recording.length >= length;',
        by: 'const isHeld = length === undefined || this.#recording.length >= length;',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-last-bytes-not-held',
    flaw: 'The last part of a body whose length the client knows is sent before it is recorded.',
    changes: [
      {
        file: 'lib/http/node/held-body.ts',
        replace: 'const isHeld = length !== undefined && this.#recording.length >= length;',
        by: 'const isHeld = length !== undefined && this.#recording.length > length;',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-headers-lost-on-replay',
    flaw: 'A replay has none of the headers of the first answer.',
    changes: [
      {
        file: 'lib/http/node/send-answer.ts',
        replace: '  setLines(res, response.headers);\n',
        by: '',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-headers-before-the-guard-recorded',
    flaw: 'A replay has the request id and the rate limit of the first answer.',
    changes: [
      {
        file: 'lib/http/node/held-body.ts',
        replace: 'const headers = headersToRecord(lines, before);',
        by: 'const headers = headersToRecord(lines, before.slice(before.length));',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-stream-replayed-as-a-whole',
    flaw: 'A streamed answer replays with a length that it did not have.',
    changes: [
      {
        file: 'lib/http/node/send-answer.ts',
        replace: '  res.flushHeaders();\n',
        by: '',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-hang-up-ends-the-work',
    flaw: 'A client that hangs up frees its key, while the work goes on.',
    changes: [
      {
        file: 'lib/http/node/response-exchange.ts',
        replace: '    moveToNowhere(this.req, this.res);\n',
        by: "    moveToNowhere(this.req, this.res);\n    this.break(new Error('the client is gone'));\n",
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'express-key-without-pattern',
    flaw: 'A key belongs to the path, so that it can be used again on another path of its route.',
    changes: [
      {
        file: 'lib/http/express/idempotency.ts',
        replace: 'route: isOnRoute ? routePattern(req) : undefined,',
        by: 'route: isOnRoute && routePattern(req) === undefined ? req.path : undefined,',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-drain-never-comes',
    flaw: 'A handler that waits for its client to read waits for ever once that is gone.',
    changes: [
      {
        file: 'lib/http/node/nowhere.ts',
        replace: "if (res.headersSent && !res.writableEnded) native().write.call(res, '', 'latin1');",
        by: "if (res.headersSent && res.writableEnded) native().write.call(res, '', 'latin1');",
      },
    ],
    caughtBy: [specs('http/node-hang-ups')],
  },
  {
    name: 'node-fault-frees-key',
    flaw: 'A write to a connection that was reset frees the key, as if the handler had destroyed it.',
    changes: [
      {
        file: 'lib/http/node/connection.ts',
        replace: 'const isFault = this.#isTimingOut || isNetworkFault(error);',
        by: 'const isFault = this.#isTimingOut || (isNetworkFault(error) && !error);',
      },
    ],
    caughtBy: [specs('http/node-hang-ups')],
  },
  {
    name: 'node-time-out-frees-key',
    flaw: 'A connection that times out frees the key, while its handler runs.',
    changes: [
      {
        file: 'lib/http/node/connection.ts',
        replace: '      this.#isTimingOut = true;\n',
        by: '      this.#isTimingOut = false;\n',
      },
    ],
    caughtBy: [specs('http/node-connections')],
  },
  {
    name: 'node-closing-server-cuts-answers',
    flaw: 'A server that closes cuts off an answer that waits for its record.',
    changes: [
      {
        file: 'lib/http/node/connection.ts',
        replace: 'if (waiting && !isForced) {',
        by: 'if (waiting && !isForced && responses.length === 0) {',
      },
    ],
    caughtBy: [specs('http/node-connections')],
  },
  {
    name: 'node-body-not-put-back',
    flaw: 'A parser after the guard waits for a body that the guard has read.',
    changes: [
      {
        file: 'lib/http/node/request-bytes.ts',
        replace: 'for (const chunk of chunks.reverse()) req.unshift(chunk);',
        by: 'for (const chunk of chunks.splice(0)) if (chunk.length === 0) req.unshift(chunk);',
      },
    ],
    caughtBy: [specs('http/node-requests')],
  },
  {
    name: 'express-outside-recorded',
    flaw: 'What middleware before the guard makes of an answer, such as its compression, is taken for what the handler writes.',
    changes: [
      {
        file: 'lib/http/node/own-methods.ts',
        replace: 'return ownership?.own.includes(name) ? undefined : ownership?.owner;',
        by: "return ownership?.own.includes(name) && name === 'destroy' ? undefined : ownership?.owner;",
      },
    ],
    caughtBy: [specs('http/express-responses')],
  },
  {
    name: 'express-stale-route',
    flaw: 'The guard of an application demands a key once a route has called `next()`.',
    changes: [
      {
        file: 'lib/http/express/idempotency.ts',
        replace: 'wrapped.get(route) ?? !isMounted(middleware, app)',
        by: 'wrapped.get(route) ?? !isMounted(undefined, app)',
      },
    ],
    caughtBy: [specs('http/express-routes')],
  },
  {
    name: 'fastify-key-without-pattern',
    flaw: 'A key belongs to the path, so that it can be used again on another path of its route.',
    changes: [
      {
        file: 'lib/http/fastify/guarded-route.ts',
        replace: '    method: request.method,\n    route,\n',
        by: '    method: request.method,\n    route: at === -1 && route ? url : undefined,\n',
      },
    ],
    caughtBy: [fastify],
  },
  {
    name: 'fastify-bytes-not-kept',
    flaw: 'What a schema made of a body is compared, in which `"1"` and `1` are one.',
    changes: [
      {
        file: 'lib/http/fastify/guarded-route.ts',
        replace: 'body: () => bodyOfRequest(request),',
        by: "body: () => (request.is404 ? bodyOfRequest(request) : { kind: 'parsed', value: request.body }),",
      },
    ],
    caughtBy: [specs('http/fastify-bodies')],
  },
  {
    name: 'hono-key-without-pattern',
    flaw: 'A key belongs to the path, so that it can be used again on another path of its route.',
    changes: [
      {
        file: 'lib/http/hono/idempotency.ts',
        replace: '{ path, ...(pattern !== undefined && { route: pattern }) }',
        by: '{ path, ...(pattern === path && { route: pattern }) }',
      },
    ],
    caughtBy: [hono],
  },
  {
    name: 'hono-headers-before-the-guard-recorded',
    flaw: 'A replay has the request id and the rate limit of the first answer.',
    changes: [
      {
        file: 'lib/http/hono/idempotency.ts',
        replace: 'const before = [...c.newResponse(null).headers];',
        by: "const before = [...c.newResponse(null).headers].filter(([name]) => name === '');",
      },
    ],
    caughtBy: [hono],
  },
  {
    name: 'nest-pipe-answers-for-the-method',
    flaw: 'What a pipe refuses is the outcome of its key, so that a corrected request is refused.',
    changes: [
      {
        file: 'lib/http/nestjs/guard-route.ts',
        replace: 'hasRun: () => pipeline.hasRun,',
        by: 'hasRun: () => pipeline.hasRun || true,',
      },
    ],
    caughtBy: [nest],
  },
];
