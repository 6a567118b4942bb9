import 'retrysafe/jmespath';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { fixture } from '../../support/fixture.js';
import { marker } from './marker.js';
import { call } from './trial.js';

const files = [
  'active-mq',
  'alb',
  'api-gateway-http',
  'api-gateway-rest',
  'appsync',
  'cloudwatch-logs',
  'dynamodb-stream',
  'eventbridge',
  'firehose',
  'form',
  'function-url',
  'kinesis',
  'msk',
  'pipes-kafka',
  'pipes-sqs',
  'rabbit-mq',
  's3',
  'sns',
  'sqs-batch',
  'sqs-from-sns',
  'sqs',
  'vpc-lattice-v1',
] as const;

const keys = [
  'body.id',
  'body',
  '[body.id, headers]',
  'Records[*].body.id',
  'Records[*].body',
  'Records[0].body.Message.id',
  'Records[*].Sns.Message',
  'Records[*].kinesis.data.id',
  'records.*[]',
  '[].[body, data, value]',
  'messages[].data || awslogs.data',
  'rmqMessagesByQueue.*[].data',
  '[detail, arguments]',
  '@',
  "header('idempotency-key')",
  'powertools_json(body).id',
  'json(base64(body))',
  'Records[].base64_gzip(body)',
] as const;

const odd: readonly unknown[] = [
  undefined,
  null,
  '',
  0,
  marker,
  [],
  {},
  [null],
  '{"id":1,"id":2}',
  '{"__proto__":{"polluted":true}}',
  '{"id":12345678901234567890123456789012345678901234567890}',
  '{"id":1e999}',
  `{"id":"${marker}"`,
  '{"Type":"Notification","Message":5}',
  '{"Type":"Notification","Message":"{\\"id\\":9}"}',
  '@@@ no base64 @@@',
  '/9j/4A==',
  'a=1&a=%FF&b=%7B%7D&%zz',
  gzipSync(marker).toString('base64'),
  gzipSync(marker).subarray(0, 15).toString('base64'),
  JSON.parse('{"__proto__":{"polluted":true}}'),
];

/** An event as Lambda delivers it, some parts of which are gone, odd, or those of another. */
export const event = fc
  .record({
    file: fc.constantFrom(...files),
    key: fc.constantFrom(...keys),
    changes: fc.array(fc.tuple(fc.nat(200), fc.constantFrom(...odd), fc.boolean()), { maxLength: 4 }),
  })
  .map(({ file, key, changes }) => {
    const whole = fixture<object>(`request/events/${file}.json`);
    for (const [place, value, isRemoved] of changes) change(whole, place, value, isRemoved);
    return { file, key, whole };
  });

function change(whole: object, place: number, value: unknown, isRemoved: boolean): void {
  const found: (readonly [Record<string, unknown>, string])[] = [];
  const visit = (at: unknown): void => {
    if (typeof at !== 'object' || at === null) return;
    for (const [name, part] of Object.entries(at)) {
      found.push([at as Record<string, unknown>, name]);
      visit(part);
    }
  };
  visit(whole);
  const chosen = found[place % Math.max(1, found.length)];
  if (!chosen) return;
  const [at, name] = chosen;
  if (isRemoved) delete at[name];
  // A copy of its own: it may be changed as well, by this event and the next.
  else at[name] = structuredClone(value);
}

type EventCase = typeof event extends fc.Arbitrary<infer Case> ? Case : never;

export function checkEvent({ file, key, whole }: EventCase): Promise<string> {
  return call(`${key} of ${file} as ${JSON.stringify(whole)?.slice(0, 300)}`, { key }, [whole]);
}

const http = (body: string, more: object = {}) => ({
  requestContext: {},
  isBase64Encoded: false,
  headers: {},
  body,
  ...more,
});
const many = (part: string, count: number) => part.repeat(count);
const list = (length: number, part: (index: number) => string) =>
  `[${Array.from({ length }, (_, index) => part(index)).join(',')}]`;

/** Events of some megabytes, made to cost as much as they can; each with its key, and whether it has one. */
export const catastrophes: Readonly<
  Record<string, () => readonly [event: object, key: string, verdict: 'ran' | 'refused']>
> = {
  'a body of ten megabytes': () => [http(`{"id":1,"x":"${many('x', 10_000_000)}"}`), 'body.id', 'ran'],
  'a body of ten megabytes of base64': () => [
    http(many('A', 10_000_000), { isBase64Encoded: true }),
    'body',
    'ran',
  ],
  'lists of a hundred thousand levels, not selected': () => [
    http(`{"id":1,"x":${many('[', 100_000)}${many(']', 100_000)}}`),
    'body.id',
    'ran',
  ],
  'lists of a hundred thousand levels': () => [
    http(`${many('[', 100_000)}${many(']', 100_000)}`),
    'body',
    'refused',
  ],
  'objects of a hundred thousand levels beside a long number': () => [
    http(`{"id":12345678901234567890,"x":${many('{"a":', 100_000)}1${many('}', 100_000)}}`),
    'body.id',
    'ran',
  ],
  'a hundred thousand objects, put into a list': () => [
    http(`{"items":${list(100_000, (id) => `{"id":${id}}`)}}`),
    'body.items[*]',
    'ran',
  ],
  'a hundred thousand objects, the other way round': () => [
    http(`{"items":${list(100_000, (id) => `{"id":${id}}`)}}`),
    'body.items[::-1]',
    'ran',
  ],
  'five million numbers': () => [http(list(5_000_000, () => '0')), 'body', 'refused'],
  'three million objects': () => [http(list(3_000_000, () => '{}')), 'body', 'refused'],
  'an integer of ten million digits': () => [http(`{"id":${many('1', 10_000_000)}}`), 'body.id', 'ran'],
  'an integer of ten thousand digits': () => [http(`{"id":${many('1', 10_000)}}`), 'body.id', 'ran'],
  'an exponent of ten million digits': () => [
    http(`{"id":1e${many('1', 10_000_000)}}`),
    'body.id',
    'refused',
  ],
  'an exponent of nine digits': () => [http('{"id":1e999999999}'), 'body.id', 'ran'],
  'an exponent of twenty digits': () => [http('{"id":1e-99999999999999999999}'), 'body.id', 'ran'],
  'a fraction of ten million zeros': () => [http(`{"id":0.${many('0', 10_000_000)}1}`), 'body.id', 'ran'],
  'a hundred thousand long numbers, sorted': () => [
    http(`{"items":${list(100_000, (id) => `${(id * 7_919) % 100_000}.00000000000000000001`)}}`),
    'sort(body.items)[0]',
    'ran',
  ],
  'a hundred thousand long numbers, compared': () => [
    http(`{"items":${list(100_000, (id) => `{"wei":1e${id}}`)}}`),
    'body.items[?wei > `1e99998`].wei',
    'ran',
  ],
  'a hundred thousand long numbers, selected': () => [
    http(`{"items":${list(100_000, (id) => `1e${400 + id}`)}}`),
    'body.items',
    'ran',
  ],
  'lists of a hundred thousand levels around a long number': () => [
    http(`{"id":1,"x":${many('[', 100_000)}1e999${many(']', 100_000)}}`),
    'body.id',
    'ran',
  ],
  'a million names of one property': () => [
    http(`{"id":1e999,${Array.from({ length: 1_000_000 }, () => '"a":0').join()}}`),
    'body.id',
    'ran',
  ],
  'backslashes of ten megabytes beside a long number': () => [
    http(`{"id":1e999,"x":"${many('\\\\', 5_000_000)}"}`),
    'body.id',
    'ran',
  ],
  'quotes that nothing closes': () => [http(`${many('"\\', 300_000)}${many('1', 20)}`), 'body', 'ran'],
  'an exponent after an exponent': () => [http(many('1e', 3_000_000)), 'body', 'ran'],
  'digits of five megabytes and a letter': () => [http(`${many('1', 5_000_000)}x`), 'body', 'ran'],
  'two hundred thousand headers': () => [
    http('{}', { headers: Object.fromEntries(Array.from({ length: 200_000 }, (_, id) => [`h${id}`, 'v'])) }),
    "header('x')",
    'refused',
  ],
  'thirty thousand messages': () => [
    {
      Records: Array.from({ length: 30_000 }, (_, id) => ({ eventSource: 'aws:sqs', body: `{"id":${id}}` })),
    },
    'Records[*].body',
    'ran',
  ],
  'thirty thousand records of Kinesis, of which one is selected': () => [
    {
      Records: Array.from({ length: 30_000 }, () => ({
        eventSource: 'aws:kinesis',
        kinesis: { data: 'eyJpZCI6MX0=' },
      })),
    },
    'Records[0].kinesis.data.id',
    'ran',
  ],
  'messages that are all holes': () => [
    { eventSource: 'aws:amq', messages: new Array(4_294_967_295) },
    'eventSource',
    'ran',
  ],
  'a form of two million fields': () => [
    http(many('a=%FF&', 2_000_000), { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    'body.a[0]',
    'refused',
  ],
  'a form of a million names': () => [
    http(`id=1&${Array.from({ length: 1_000_000 }, (_, id) => id.toString(36)).join('=&')}`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    'body.id',
    'refused',
  ],
  'a form of ten thousand fields, none of which can be read': () => [
    http(`id=1${many('&a=%FF', 9_999)}`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    'body.id',
    'ran',
  ],
  'a form of one field of ten megabytes': () => [
    http(`a=${many('%FF', 3_000_000)}`, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    'body.a',
    'ran',
  ],
  'padding of ten megabytes': () => [
    http(many('=', 10_000_000), { isBase64Encoded: true }),
    'body',
    'refused',
  ],
  'lines of ten megabytes': () => [
    http(`SGk=${many('\n', 10_000_000)}`, { isBase64Encoded: true }),
    'body',
    'ran',
  ],
  'four megabytes of bytes': () => [
    http(Buffer.alloc(4_000_000, 0xff).toString('base64'), { isBase64Encoded: true }),
    'body',
    'ran',
  ],
  'a bomb for CloudWatch Logs': () => [{ awslogs: bomb(40_000_000) }, 'awslogs.data', 'refused'],
  'a bomb of ten megabytes': () => [bomb(10_000_000), 'base64_gzip(data)', 'ran'],
  'a bomb of forty megabytes': () => [bomb(40_000_000), 'powertools_base64_gzip(data)', 'refused'],
  'brackets of five megabytes, packed': () => [
    { data: gzipSync(many('[', 5_000_000)).toString('base64') },
    'json(base64_gzip(data))',
    'refused',
  ],
};

/** A few kilobytes that unpack to so many bytes. */
export function bomb(bytes: number): { readonly data: string } {
  return { data: gzipSync(Buffer.alloc(bytes, 'a')).toString('base64') };
}
