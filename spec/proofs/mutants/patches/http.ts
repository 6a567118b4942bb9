// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const suite = specs('http/fetch.long');

/** What an adapter of HTTP can do wrong, in the core that all of them share and in the one over `Request` and `Response`. */
export const http: readonly Mutant[] = [
  {
    name: 'stream-buffered-whole',
    flaw: 'A streamed answer is collected until it has ended, and reaches nobody before.',
    changes: [
      {
        file: 'lib/http/fetch/body-parts.ts',
        replace: 'const part = await Promise.race([pending, turn]);',
        by: 'const part = await Promise.race([pending, pending.then(() => turn)]);',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'headers-lost-on-replay',
    flaw: 'A replay has the status and the body of the first answer, and none of its headers.',
    changes: [
      {
        file: 'lib/http/fetch/responses.ts',
        replace: 'for (const [name, value] of lines) headers.append(name, value);',
        by: 'void lines;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'key-without-route',
    flaw: 'A key belongs to no route, so that it cannot be used on another one.',
    changes: [
      {
        file: 'lib/http/core/guard.ts',
        replace: 'const key = JSON.stringify([method, route ?? path, requestKey]);',
        by: 'const key = JSON.stringify([method, requestKey]);',
      },
      {
        file: 'lib/http/core/guard.ts',
        replace: 'const whole = route === undefined ? name : `${name} ${method} ${route}`.trim();',
        by: 'const whole = route === undefined ? name : name;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'key-without-method',
    flaw: 'A key belongs to no method, so that a PUT gets the answer of a POST.',
    changes: [
      {
        file: 'lib/http/core/guard.ts',
        replace: 'const key = JSON.stringify([method, route ?? path, requestKey]);',
        by: 'const key = JSON.stringify([route ?? path, requestKey]);',
      },
      {
        file: 'lib/http/core/guard.ts',
        replace: '`${name} ${method} ${route}`.trim()',
        by: '`${name} ${route}`.trim()',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'query-ignored',
    flaw: 'Requests with different queries are the same.',
    changes: [
      {
        file: 'lib/http/core/request-identity.ts',
        replace: 'return this.#digestOf([path, query, contentType, identity]);',
        by: 'return this.#digestOf([path, contentType, identity]);',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'concrete-path-ignored',
    flaw: 'Requests to different paths of one route are the same.',
    changes: [
      {
        file: 'lib/http/core/request-identity.ts',
        replace: 'return this.#digestOf([path, query, contentType, identity]);',
        by: 'return this.#digestOf([query, contentType, identity]);',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'json-compared-by-its-bytes',
    flaw: 'White space in a body makes another request of it.',
    changes: [
      {
        file: 'lib/http/core/body-identity.ts',
        replace: 'if (isJson(essence)) return jsonIdentity(bytes) ?? bytesIdentity(bytes);',
        by: 'if (isJson(essence)) void jsonIdentity;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'form-compared-by-its-bytes',
    flaw: 'The boundary of a form, which is another one in every retry, makes another request of it.',
    changes: [
      {
        file: 'lib/http/core/body-identity.ts',
        replace:
          'return formIdentity(bytes, contentType as string).then((form) => form ?? bytesIdentity(bytes));',
        by: 'void formIdentity;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'answer-sent-before-its-record',
    flaw: 'A client hears of an outcome that is not recorded.',
    changes: [
      {
        file: 'lib/http/fetch/response-exchange.ts',
        replace: 'this.#whole = whole;',
        by: 'this.sending.resolve(whole());',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'stream-ends-before-its-record',
    flaw: 'A streamed answer ends before it is recorded.',
    changes: [
      {
        file: 'lib/http/fetch/body-stream.ts',
        replace: 'if (!part) break;',
        by: `if (!part) {
          if (!this.#isOver) this.#controller.close();
          this.#isOver = true;
          break;
        }`,
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'last-bytes-not-held',
    flaw: 'A body whose length the client knows is there as a whole before it is recorded.',
    changes: [
      {
        file: 'lib/http/fetch/body-stream.ts',
        replace: 'if (length === this.length) {',
        by: 'if (length < 0) {',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'replay-without-caller',
    flaw: 'A request of nobody shares the keys of all others of nobody.',
    changes: [
      {
        file: 'lib/http/core/request-identity.ts',
        replace: "if (whose === undefined || whose === null || whose === '') throw refused('unscoped');",
        by: "if (whose === undefined || whose === null || whose === '') return '[]';",
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'scope-left-out-of-the-key',
    flaw: 'All callers share keys, and so answers.',
    changes: [
      {
        file: 'lib/http/core/guard.ts',
        replace: 'const call = { key, scope, fingerprint, args, self }',
        by: 'const call = { key, fingerprint, args, self }',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'hang-up-ends-the-work',
    flaw: 'A client that hangs up in the middle of a stream ends the handler.',
    changes: [
      {
        file: 'lib/http/fetch/body-stream.ts',
        replace: `cancel: () => {
          this.#isOver = true;`,
        by: `cancel: () => {
          this.parts.cancel(new Error('gone'));
          this.#isOver = true;`,
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'broken-stream-ends-well',
    flaw: 'A stream that breaks looks to its client like one that has ended.',
    changes: [
      {
        file: 'lib/http/fetch/body-stream.ts',
        replace: "this.#controller.error(error ?? new Error('the body of the response broke'));",
        by: 'this.#controller.close();',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'lost-claim-streams-on',
    flaw: 'A stream goes on, and ends well, though another request has taken over its key.',
    changes: [
      {
        file: 'lib/http/fetch/hold.ts',
        replace: 'this.#loss = loss;\n      this.#giveUp?.(loss);',
        by: 'void loss;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'cookies-recorded',
    flaw: 'A replay sets the cookie of the first client.',
    changes: [{ file: 'lib/http/core/recorded-headers.ts', replace: "  'set-cookie',\n", by: '' }],
    caughtBy: [suite],
  },
  {
    name: 'server-errors-recorded',
    flaw: 'A server error is the outcome of its key for a day.',
    changes: [
      {
        file: 'lib/http/core/response-decisions.ts',
        replace: 'const byStatus = status < 500 && status !== 408',
        by: 'const byStatus = status < 600 && status !== 408',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'failure-always-released',
    flaw: 'Whatever `onFailure` says, an answer that is no outcome frees its key.',
    changes: [
      {
        file: 'lib/http/core/guard.ts',
        replace:
          "return failureDecision(this.given, self, response) === 'unknown' ? unknown(own) : release(own);",
        by: '{\n          void [unknown, failureDecision];\n          return release(own);\n        }',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'retry-after-the-lease',
    flaw: 'A client is told to come again when the lease ends, and not when the work may.',
    changes: [
      {
        file: 'lib/http/core/guard.ts',
        replace: 'const retryAfter = this.#runTimes.secondsLeft(operation, startedAt);',
        by: 'const retryAfter = Math.max(error.retryAfter, this.#runTimes.secondsLeft(operation, startedAt));',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'problem-with-our-message',
    flaw: 'A client reads a message that is meant for the service’s author, with the operation and the digest of the key.',
    changes: [
      {
        file: 'lib/http/core/problem.ts',
        replace: 'body: { type: types + name, title, status, detail },',
        by: 'body: { type: types + name, title, status, detail: error.message || detail },',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'unknown-outcome-as-409',
    flaw: 'An outcome that is unknown has a status that clients retry for ever.',
    changes: [
      {
        file: 'lib/errors.ts',
        replace: "this.statusCode = this.advice === 'retry-later' ? 503 : 424;",
        by: "this.statusCode = this.advice === 'retry-later' ? 503 : (409 as 424);",
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'quotes-belong-to-the-key',
    flaw: 'A key in quotes is another key than its bare value.',
    changes: [
      {
        file: 'lib/http/core/key-header.ts',
        replace: "const inQuotes = quoted.exec(line)?.[1]?.replace(/\\\\([\"\\\\])/g, '$1');",
        by: 'const inQuotes = quoted.test(line) ? line : undefined;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'bytes-read-as-text',
    flaw: 'A body of bytes is recorded as the text that they are not.',
    changes: [
      {
        file: 'lib/http/core/recorded-response.ts',
        replace: 'isUtf8(bytes) ? bytes',
        by: 'isUtf8(bytes) || bytes.length > 0 ? bytes',
      },
      {
        file: 'lib/http/core/recorded-response.ts',
        replace: '&& !controls.test(text)',
        by: '&& (!controls.test(text) || text.length > 0)',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'replay-not-marked',
    flaw: 'A replay looks like a first answer.',
    changes: [
      {
        file: 'lib/http/fetch/responses.ts',
        replace: "if (isReplay) headers.set(REPLAYED, 'true');",
        by: 'void isReplay;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'bodies-recorded-without-bound',
    flaw: 'Whatever `maxBody` says, a large body is kept in memory and in the store.',
    changes: [
      {
        file: 'lib/http/core/body-recording.ts',
        replace: 'if (this.#length > this.maxBody) this.#chunks = undefined;',
        by: 'if (this.#length > this.maxBody * 1_000) this.#chunks = undefined;',
      },
    ],
    caughtBy: [suite],
  },
  {
    name: 'verdict-recorded-as-the-outcome',
    flaw: 'What a method returns by `release` or `unknown` is the outcome of its key.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace:
          "return this.#deliverEnd({ kind: 'error', decision: decision.to, why: { kind: 'decided' } });",
        by: 'return this.#deliverEnd(this.#endByValue(value));',
      },
    ],
    caughtBy: [specs('decorator/perform')],
  },
  {
    name: 'verdicts-mixed-up',
    flaw: 'What a method returns by `unknown` frees the key.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: "this.#deliverEnd({ kind: 'error', decision: decision.to, why",
        by: "this.#deliverEnd({ kind: 'error', decision: 'release', why",
      },
    ],
    caughtBy: [specs('decorator/perform')],
  },
  {
    name: 'hono-key-required-of-an-application',
    flaw: 'A guard on a whole application of Hono refuses every request without a key.',
    changes: [
      {
        file: 'lib/http/hono/matched-route.ts',
        replace: 'return { pattern: (handler ?? own).path, isMounted };',
        by: 'return { pattern: (handler ?? own).path, isMounted: false };',
      },
    ],
    caughtBy: [specs('http/hono-routes')],
  },
  {
    name: 'hono-pattern-of-the-guard',
    flaw: 'Behind a guard on a whole application of Hono, all routes are one: a key can be used on one of them.',
    changes: [
      {
        file: 'lib/http/hono/matched-route.ts',
        replace: 'return { pattern: (handler ?? own).path, isMounted };',
        by: 'void handler;\n  return { pattern: own.path, isMounted };',
      },
    ],
    caughtBy: [specs('http/hono-routes')],
  },
  {
    name: 'hono-lays-old-headers-over-a-replay',
    flaw: 'A replay in Hono has the headers that stood before the guard in place of those that the handler set.',
    changes: [{ file: 'lib/http/hono/idempotency.ts', replace: '  c.res = undefined;\n', by: '' }],
    caughtBy: [specs('http/hono-headers')],
  },
  {
    name: 'hono-keeps-the-body-of-a-request',
    flaw: 'A handler of Hono cannot read the body from the raw request any more.',
    changes: [
      { file: 'lib/http/hono/read-body.ts', replace: 'giveBack(raw, buffer);', by: 'void giveBack;' },
    ],
    caughtBy: [specs('http/hono-bodies')],
  },
  {
    name: 'hono-form-with-a-boundary-of-its-own',
    flaw: 'A form that a validator of Hono has read is another request each time.',
    changes: [
      {
        file: 'lib/http/hono/read-body.ts',
        replace: 'return formData === undefined ? undefined : formBody(await formData, limitBytes);',
        by: `if (formData === undefined) return undefined;
  void formBody;
  return within(limitBytes, new Uint8Array(await new Response(await formData).arrayBuffer()));`,
      },
    ],
    caughtBy: [specs('http/hono-bodies')],
  },
  {
    name: 'hang-up-aborts-the-signal-of-the-request',
    flaw: 'What has the signal of the request ends when the client hangs up.',
    changes: [
      {
        file: 'lib/http/fetch/outlive.ts',
        replace: 'return overlay.lay(request);',
        by: 'void overlay;\n  return request;',
      },
    ],
    caughtBy: [specs('http/fetch-requests'), specs('http/hono-hang-ups')],
  },
  {
    name: 'body-shorter-than-its-length-ends-well',
    flaw: 'A streamed body that is shorter than its Content-Length is recorded as the outcome.',
    changes: [
      {
        file: 'lib/http/fetch/body-stream.ts',
        replace: 'if (this.length !== undefined && this.parts.recording.length < this.length)',
        by: 'if (this.length !== undefined && this.parts.recording.length < 0)',
      },
    ],
    caughtBy: [specs('http/fetch-streams')],
  },
  {
    name: 'large-numbers-compared-as-doubles',
    flaw: 'Requests whose large numbers are one double are the same.',
    changes: [
      {
        file: 'lib/http/core/body-identity.ts',
        replace: "return { json: parseExactly(Buffer.from(bytes).toString('utf8')) };",
        by: "void parseExactly;\n    return { json: JSON.parse(Buffer.from(bytes).toString('utf8')) };",
      },
    ],
    caughtBy: [specs('http/core/body-identity')],
  },
  {
    name: 'scopes-compared-as-texts',
    flaw: 'The callers 1 and "1" share keys.',
    changes: [
      {
        file: 'lib/http/core/request-identity.ts',
        replace: "if (typeof whose === 'string' || Number.isFinite(whose)) return JSON.stringify([whose]);",
        by: "if (typeof whose === 'string' || Number.isFinite(whose)) return JSON.stringify([String(whose)]);",
      },
    ],
    caughtBy: [specs('http/core/guard')],
  },
];
