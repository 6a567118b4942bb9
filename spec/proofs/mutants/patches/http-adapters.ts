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
        file: 'lib/http/node/held-response.ts',
        replace: 'if (length !== undefined && this.#recording.length >= length) {',
        by: 'if (length === undefined || this.#recording.length >= length) {',
      },
    ],
    caughtBy: [express],
  },
  {
    name: 'node-last-bytes-not-held',
    flaw: 'The last part of a body whose length the client knows is sent before it is recorded.',
    changes: [
      {
        file: 'lib/http/node/held-response.ts',
        replace: 'if (length !== undefined && this.#recording.length >= length) {',
        by: 'if (length !== undefined && this.#recording.length > length) {',
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
        file: 'lib/http/node/held-response.ts',
        replace: 'const headers = headersToRecord(lines, this.before);',
        by: 'const headers = headersToRecord(lines);',
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
