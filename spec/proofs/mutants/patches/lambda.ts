import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What the adapter of Lambda can do wrong. */
export const lambda: readonly Mutant[] = [
  {
    name: 'lambda-body-compared-in-base64',
    flaw: 'A body in base64 is compared as it came, so that the same request without base64 is another one.',
    changes: [
      {
        file: 'lib/http/lambda/http-event.ts',
        replace: "const encoding = isBase64Encoded === true ? 'base64' : 'utf8';",
        by: "void isBase64Encoded;\n  const encoding = 'utf8';",
      },
    ],
    caughtBy: [specs('http/lambda-events')],
  },
  {
    name: 'lambda-query-not-encoded',
    flaw: 'The parameters that API Gateway decoded are put together as they are, so that one with `&` in it is two.',
    changes: [
      {
        file: 'lib/http/lambda/http-event.ts',
        replace: "const encoded = form === '1.0' ? encodeURIComponent : String;",
        by: 'void form;\n  const encoded = String;',
      },
    ],
    caughtBy: [specs('http/lambda-events')],
  },
  {
    name: 'lambda-catch-all-is-a-route',
    flaw: 'A route that takes whatever others leave is a pattern: a key cannot be used on two paths of it.',
    changes: [
      {
        file: 'lib/http/lambda/http-event.ts',
        replace: "return pattern === undefined || pattern.endsWith('+}') ? undefined : pattern;",
        by: 'return pattern;',
      },
    ],
    caughtBy: [specs('http/lambda-events')],
  },
  {
    name: 'lambda-result-in-another-form',
    flaw: 'A replay has single values for headers where a load balancer asked for lists, which drops them.',
    changes: [
      {
        file: 'lib/http/lambda/results.ts',
        replace: "if (form === 'alb-lists') return { multiValueHeaders: Object.fromEntries(all) };",
        by: '',
      },
    ],
    caughtBy: [specs('http/lambda-results')],
  },
  {
    name: 'lambda-context-kept-back',
    flaw: 'The engine does not hear when the invocation ends.',
    changes: [
      {
        file: 'lib/http/lambda/guard-event.ts',
        replace: 'args as readonly [unknown, ...unknown[]], run, self)',
        by: '[args[0]], run, self)',
      },
    ],
    caughtBy: [specs('http/lambda-decorator')],
  },
  {
    name: 'lambda-instance-forgotten',
    flaw: 'Options that are functions do not have the instance of the handler.',
    changes: [
      {
        file: 'lib/http/lambda/guard-event.ts',
        replace: 'args as readonly [unknown, ...unknown[]], run, self)',
        by: 'args as readonly [unknown, ...unknown[]], run)',
      },
    ],
    caughtBy: [specs('http/lambda-decorator')],
  },
];
