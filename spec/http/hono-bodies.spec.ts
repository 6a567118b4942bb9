import { request as httpRequest } from 'node:http';
import { expect } from 'chai';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cloneRawRequest } from 'hono/request';
import { validator } from 'hono/validator';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/hono';
import { thrown } from '../support/rejection.js';
import type { Sent } from './suite/http-client.js';
import { serving } from './support/serving.js';

const json = { 'content-type': 'application/json' };
const text = '{"amount": 5, "note": "\u00e9\u20ac"}';

function form(boundary: string, content = 'file'): Sent {
  const part = (disposition: string, body: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${body}\r\n`;
  const body = `${part('name="amount"', '5')}${part('name="receipt"; filename="a.txt"', content)}--${boundary}--\r\n`;
  return { body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

describe('a body that the guard of Hono has read', () => {
  const server = serving();
  const guard = idempotency({ store: new InMemoryStore(), scope: 'public', maxRequest: 200_000 });
  let keys = 0;
  let runs = 0;

  /** Serves a route with a handler, and sends a request to it. */
  async function posted(handler: (c: Context) => unknown, sent: Sent = { body: text, headers: json }) {
    const app = new Hono();
    app.post('/', guard, async (c) => {
      runs += 1;
      return c.json({ read: await handler(c) });
    });
    server().handler = app.fetch;
    keys += 1;
    const answer = await server().client.send({ path: '/', key: `body-${keys}`, ...sent });
    expect(answer.status, answer.text).to.equal(200);
    return answer.json.read;
  }

  const decoded = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const parts = async (body: ReadableStream<Uint8Array> | null) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return decoded(Buffer.concat(chunks));
  };

  const readers: Record<string, (c: Context) => unknown> = {
    'c.req.text()': (c) => c.req.text(),
    'c.req.json()': async (c) => JSON.stringify(await c.req.json()),
    'c.req.arrayBuffer()': async (c) => decoded(new Uint8Array(await c.req.arrayBuffer())),
    'c.req.blob()': async (c) => (await c.req.blob()).text(),
    'c.req.raw.text()': (c) => c.req.raw.text(),
    'c.req.raw.json()': async (c) => JSON.stringify(await c.req.raw.json()),
    'c.req.raw.arrayBuffer()': async (c) => decoded(new Uint8Array(await c.req.raw.arrayBuffer())),
    'c.req.raw.blob()': async (c) => (await c.req.raw.blob()).text(),
    'c.req.raw.clone()': async (c) => `${await c.req.raw.clone().text()}`,
    'c.req.raw.body': (c) => parts(c.req.raw.body),
    'new Request(url, c.req.raw)': (c) => new Request('http://elsewhere/', c.req.raw).text(),
    'cloneRawRequest(c.req)': async (c) => (await cloneRawRequest(c.req)).text(),
  };
  for (const [name, read] of Object.entries(readers))
    for (const sent of ['with its length', 'in chunks'])
      it(`is there for ${name}, sent ${sent}`, async () => {
        const headers: Sent['headers'] =
          sent === 'in chunks' ? { ...json, 'transfer-encoding': 'chunked' } : json;
        const found = await posted(read, { body: text, headers });
        expect(found.replace(/: |, /g, (sign: string) => sign.trim())).to.equal(text.replace(/ /g, ''));
      });

  it('is there as often as without a guard: by `c.req` each time, by `c.req.raw` once', async () => {
    const read = await posted(async ({ req }) => {
      const isUsed = [req.raw.bodyUsed];
      const values = [await req.json(), await req.json()];
      isUsed.push(req.raw.bodyUsed);
      const reads = [req.raw.json(), req.raw.arrayBuffer(), req.raw.formData(), req.raw.blob()];
      reads.push(new Response(req.raw.body).text());
      const errors = await Promise.all(reads.map((one) => one.catch((error: Error) => error.name)));
      return { isUsed, values, errors, clones: thrown(() => req.raw.clone()) instanceof TypeError };
    });
    const value = { amount: 5, note: '\u00e9\u20ac' };
    expect(read).to.deep.equal({
      isUsed: [false, true],
      values: [value, value],
      errors: Array.from({ length: 5 }, () => 'TypeError'),
      clones: true,
    });
  });

  it('is there once by each copy of `c.req.raw`', async () => {
    const read = await posted(async ({ req }) => {
      const copy = req.raw.clone();
      const texts = [await copy.text(), await req.raw.text()];
      return [...texts, req.raw.bodyUsed, await req.raw.text().catch((error: Error) => error.name)];
    });
    expect(read).to.deep.equal([text, text, true, 'TypeError']);
  });

  for (const [name, parse] of Object.entries({
    'c.req.formData()': async ({ req }: Context) => (await req.formData()).get('amount'),
    'c.req.parseBody()': async ({ req }: Context) => (await req.parseBody()).amount,
    'c.req.raw.formData()': async ({ req }: Context) => (await req.raw.formData()).get('amount'),
  }))
    it(`is there as a form by ${name}`, async () => {
      expect(await posted(parse, form('b1'))).to.equal('5');
    });

  it('is there as it was where it is no text', async () => {
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    const read = await posted(async ({ req }) => [...new Uint8Array(await req.arrayBuffer())], {
      body,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(read).to.deep.equal([...body]);
  });

  it('may be empty', async () => {
    expect(await posted((c) => c.req.text(), {})).to.equal('');
    expect(await posted((c) => c.req.text(), { body: '', headers: json })).to.equal('');
  });

  it('is there for a validator between guard and handler', async () => {
    const app = new Hono();
    const amount = validator('json', (value: { amount: number }) => value);
    app.post('/', guard, amount, async (c) =>
      c.json([c.req.valid('json').amount, (await c.req.json()).amount]),
    );
    server().handler = app.fetch;
    const answer = await server().client.send({ path: '/', key: 'validated', body: text, headers: json });
    expect(answer.json).to.deep.equal([5, 5]);
  });

  describe('after another has read it', () => {
    async function both(
      middleware: (c: Context, next: () => Promise<void>) => unknown,
      sent: readonly Sent[],
    ) {
      const app = new Hono();
      keys += 1;
      app.post('/', middleware as never, guard, async (c) =>
        c.json({ text: await c.req.text(), run: ++runs }),
      );
      server().handler = app.fetch;
      const answers = [];
      for (const one of sent)
        answers.push(await server().client.send({ path: '/', key: `read-${keys}`, ...one }));
      return answers;
    }

    const read: Record<string, (c: Context, next: () => Promise<void>) => unknown> = {
      'c.req.json()': async (c, next) => {
        await c.req.json();
        await next();
      },
      'a validator': validator('json', (value) => value),
      'bodyLimit()': bodyLimit({ maxSize: 1_000 }) as never,
      'a look at c.req.raw.body': async (c, next) => {
        void c.req.raw.body;
        await next();
      },
    };
    for (const [name, middleware] of Object.entries(read))
      it(`is compared: ${name}`, async () => {
        const other = { body: '{"amount":6}', headers: json };
        const [first, second, third] = await both(middleware, [
          { body: text, headers: json },
          { body: text.replace(/ /g, ''), headers: json },
          other,
        ]);
        expect(first?.status, first?.text).to.equal(200);
        expect(second?.text).to.equal(first?.text);
        expect(second?.headers.get('idempotency-replayed')).to.equal('true');
        expect(third?.status).to.equal(422);
      });

    it('is compared where it was sent in chunks through `bodyLimit()`', async () => {
      const chunked = { body: text, headers: { ...json, 'transfer-encoding': 'chunked' } };
      const [first, second] = await both(bodyLimit({ maxSize: 1_000 }) as never, [chunked, chunked]);
      expect(first?.status, first?.text).to.equal(200);
      expect(second?.headers.get('idempotency-replayed')).to.equal('true');
    });

    for (const [name, middleware] of Object.entries({
      'c.req.formData()': async (c: Context, next: () => Promise<void>) => {
        await c.req.formData();
        await next();
      },
      'c.req.parseBody()': async (c: Context, next: () => Promise<void>) => {
        await c.req.parseBody();
        await next();
      },
      'a validator of forms': validator('form', (value) => value) as never,
    }))
      it(`is the same form with another boundary, and another with another file: ${name}`, async () => {
        const [first, second, third] = await both(middleware, [
          form('one'),
          form('two'),
          form('one', 'other'),
        ]);
        expect(first?.status, first?.text).to.equal(200);
        expect(second?.headers.get('idempotency-replayed'), second?.text).to.equal('true');
        expect(third?.status).to.equal(422);
      });

    it('is missed where it was taken from `c.req.raw`: the guard says so, and runs nothing', async () => {
      const before = runs;
      const [answer] = await both(
        async (c, next) => {
          await c.req.raw.text();
          await next();
        },
        [{ body: text, headers: json }],
      );
      expect(answer?.status).to.equal(500);
      expect(answer?.json.type).to.equal('urn:retrysafe:problem:misconfigured');
      expect(runs).to.equal(before);
    });

    it('is too large, also as a form', async () => {
      const large = 'x'.repeat(200_001);
      const answers = [
        ...(await both(read['c.req.json()'] as never, [{ body: JSON.stringify(large), headers: json }])),
        ...(await both(
          async (c, next) => {
            await c.req.formData();
            await next();
          },
          [form('one', large)],
        )),
      ];
      expect(answers.map(({ status }) => status)).to.deep.equal([413, 413]);
    });
  });

  for (const length of ['with its length', 'in chunks'])
    it(`is refused where it is too large, sent ${length}`, async () => {
      const before = runs;
      const app = new Hono();
      app.post('/', guard, (c) => c.json({ run: ++runs }));
      server().handler = app.fetch;
      const body = JSON.stringify('x'.repeat(200_000));
      const headers: Sent['headers'] =
        length === 'in chunks' ? { ...json, 'transfer-encoding': 'chunked' } : json;
      const answer = await server().client.send({ path: '/', key: `large-${length.length}`, body, headers });
      expect([answer.status, answer.json.type]).to.deep.equal([413, 'urn:retrysafe:problem:body-too-large']);
      expect(runs).to.equal(before);
    });

  it('is not kept where it goes on without an end', async () => {
    const app = new Hono();
    app.post('/', guard, (c) => c.json({ run: ++runs }));
    server().handler = app.fetch;
    const { port } = server().client;
    const headers = { 'idempotency-key': 'endless', 'transfer-encoding': 'chunked' };
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/', headers, agent: false });
      const chunk = Buffer.alloc(65_536);
      const send = (): void => {
        if (!sent.destroyed) sent.write(chunk, () => setImmediate(send));
      };
      sent.on('response', ({ statusCode }) => {
        resolve(statusCode);
        sent.destroy();
      });
      sent.on('error', reject);
      send();
    });
    expect(status).to.equal(413);
  });
});
