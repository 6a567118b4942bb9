import { expect } from 'chai';
import { currentExecution, InMemoryStore } from 'retrysafe';
import { idempotent, responseOutcome } from 'retrysafe/http';
import { HeldStore } from './suite/controlled-application.js';
import type { Answer } from './suite/http-client.js';
import { classes, serving } from './support/serving.js';

type Handler = (request: Request) => Response | Promise<Response>;

const encode = (text: string) => new TextEncoder().encode(text);

/** A body that is there in one turn, in so many parts. */
function inParts(...parts: readonly unknown[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}

for (const whose of classes)
  describe(`an answer of a fetch-style handler, with the classes of ${whose}`, () => {
    const server = serving(whose);
    const store = new InMemoryStore();
    let keys = 0;
    let runs = 0;

    beforeEach(() => {
      keys += 1;
      runs = 0;
    });

    const send = () => server().client.send({ path: '/', key: `answer-${keys}`, body: {} });

    async function twice(handler: Handler, options = {}): Promise<readonly [Answer, Answer]> {
      const counted: Handler = (request) => {
        runs += 1;
        return handler(request);
      };
      const guarded = idempotent(counted, { store, scope: 'public', ...options });
      server().handler = (request) =>
        guarded(request).catch((error: Error) => new Response(error.message, { status: 500 }));
      return [await send(), await send()];
    }

    const lines = ({ headers }: Answer) =>
      headers.lines
        .filter(
          ([name]) => !['date', 'connection', 'keep-alive', 'transfer-encoding', 'set-cookie'].includes(name),
        )
        .filter(([name]) => name !== 'idempotency-replayed')
        .map(([name, value]) => `${name}: ${value}`)
        .sort();

    const form = new FormData();
    form.append('amount', '5');
    form.append('receipt', new File([new Uint8Array([0, 255, 128])], 'a.bin'));
    const wholes: Record<string, [make: Handler, length: number]> = {
      'a text': [() => new Response('caf\u00e9'), 5],
      'an empty text': [() => new Response(''), 0],
      JSON: [() => Response.json({ a: 1 }, { status: 201 }), 7],
      bytes: [() => new Response(new Uint8Array([0, 255, 128])), 3],
      'an ArrayBuffer': [() => new Response(encode('abc').buffer as ArrayBuffer), 3],
      URLSearchParams: [() => new Response(new URLSearchParams({ a: '1', b: '\u00e9' })), 12],
      'parts that are there at once': [() => new Response(inParts(encode('a'), encode('b'))), 2],
      'a thousand parts': [
        () => new Response(inParts(...Array.from({ length: 999 }, () => encode('ab')))),
        1_998,
      ],
      'a part that is a text': [() => new Response(inParts('caf\u00e9')), 5],
      'no part': [() => new Response(inParts()), 0],
      'a stream of bytes': [
        () =>
          new Response(
            new ReadableStream({
              type: 'bytes',
              start(controller) {
                controller.enqueue(encode('abc'));
                controller.close();
              },
            }),
          ),
        3,
      ],
      'a body that says how it is framed': [
        () => new Response(inParts(encode('abc')), { headers: { 'Transfer-Encoding': 'chunked' } }),
        3,
      ],
    };
    for (const [name, [make, length]] of Object.entries(wholes))
      it(`replays as it was: ${name}`, async () => {
        const [first, second] = await twice(make);
        expect([first.status, second.status], first.text).to.deep.equal([first.status, first.status]);
        expect(first.status).to.be.below(300);
        expect(first.bytes.length).to.equal(length);
        expect(second.bytes.equals(first.bytes)).to.equal(true);
        expect(lines(second)).to.deep.equal(lines(first));
        expect(second.headers.get('idempotency-replayed')).to.equal('true');
        expect(runs).to.equal(1);
      });

    // Node.js reads a Blob in one turn or in several, by its version, so the first client may get it as a stream.
    for (const parts of [['ab', 'c'], ['x'.repeat(200_000)]])
      it(`replays as it was: a Blob of ${parts.length}`, async () => {
        const [first, second] = await twice(() => new Response(new Blob(parts, { type: 'text/csv' })));
        expect([first.status, first.text]).to.deep.equal([200, parts.join('')]);
        expect([second.status, second.text]).to.deep.equal([200, first.text]);
        const unframed = (answer: Answer) =>
          lines(answer).filter((line) => !line.startsWith('content-length: '));
        expect(unframed(second)).to.deep.equal(unframed(first));
        expect(second.headers.get('idempotency-replayed')).to.equal('true');
        expect(runs).to.equal(1);
      });

    it('replays as it was: a form, with its boundary', async () => {
      const [first, second] = await twice(() => new Response(form));
      expect(first.text).to.contain('a.bin');
      expect(second.bytes.equals(first.bytes)).to.equal(true);
      expect(second.headers.get('content-type')).to.equal(first.headers.get('content-type'));
      expect(runs).to.equal(1);
    });

    for (const status of [204, 205, 304])
      it(`replays as it was: ${status}, without a body`, async () => {
        const [first, second] = await twice(() => new Response(null, { status, headers: { ETag: '"a"' } }));
        expect([first.status, second.status]).to.deep.equal([status, status]);
        expect([first.text, second.text]).to.deep.equal(['', '']);
        expect(lines(second)).to.deep.equal(lines(first));
      });

    it('replays without a body where a completion has one that its status has not', async () => {
      const [first, second] = await twice(async () => {
        const outcome = responseOutcome({ status: 204, headers: { 'X-Run': '1' }, body: { run: 1 } });
        const { record, token } = await currentExecution().completion(outcome);
        await store.replace(record, token);
        return new Response(null, { status: 204, headers: { 'X-Run': '1' } });
      });
      expect([first.status, second.status, second.text]).to.deep.equal([204, 204, '']);
      expect([second.headers.get('x-run'), second.headers.get('idempotency-replayed')]).to.deep.equal([
        '1',
        'true',
      ]);
    });

    it('replays as it was: a redirect', async () => {
      const [first, second] = await twice(() => Response.redirect('http://127.0.0.1/payments/1', 303));
      expect([first.status, second.status]).to.deep.equal([303, 303]);
      expect(second.headers.get('location')).to.equal('http://127.0.0.1/payments/1');
    });

    it('has each of its cookies, and a replay has none', async () => {
      const [first, second] = await twice(() => {
        const headers = new Headers({ 'X-Run': String(runs) });
        for (const cookie of ['a=1; Path=/', 'b=2, 3; Path=/']) headers.append('Set-Cookie', cookie);
        return new Response('ran', { headers });
      });
      expect(first.headers.all('set-cookie')).to.deep.equal(['a=1; Path=/', 'b=2, 3; Path=/']);
      expect(second.headers.all('set-cookie')).to.deep.equal([]);
      expect(second.headers.get('x-run')).to.equal('1');
    });

    for (const [name, make] of Object.entries({
      'a text': () => new Response('x'.repeat(1_001)),
      bytes: () => new Response(new Uint8Array(1_001)),
      'a body of one part': () => new Response(inParts(new Uint8Array(1_001))),
      'a body of two parts': () => new Response(inParts(new Uint8Array(600), new Uint8Array(401))),
    }))
      it(`reaches its client where it is longer than \`maxBody\`: ${name}`, async () => {
        const [first, second] = await twice(make, { maxBody: 1_000 });
        expect([first.status, first.bytes.length]).to.deep.equal([200, 1_001]);
        expect([second.status, second.json.type]).to.deep.equal([
          410,
          'urn:retrysafe:problem:outcome-unavailable',
        ]);
        expect(runs).to.equal(1);
      });

    it('that is whole, and longer than `maxBody`, is not sent before its key is completed', async () => {
      const held = new HeldStore();
      const gate = held.hold();
      const guarded = idempotent(() => new Response('x'.repeat(1_001)), {
        store: held,
        scope: 'public',
        maxBody: 1_000,
      });
      server().handler = guarded;
      const first = server().client.open({ path: '/', key: 'long', body: {} });
      await gate.isReached;
      expect((await server().client.send({ path: '/', key: 'long', body: {} })).status).to.equal(409);
      expect(first.hasHead()).to.equal(false);
      gate.release();
      const answer = await first.head;
      expect(await answer.ended).to.equal(true);
      expect(answer.received().length).to.equal(1_001);
    });

    for (const [name, [make, message]] of Object.entries({
      nothing: [() => undefined, /returned undefined; expected a Response/],
      'an object': [() => ({ id: 1 }), /expected a Response/],
      'an error response': [() => Response.error(), /the status 0; expected 200 to 599/],
      'a response that was read': [
        async () => {
          const response = new Response('read');
          await response.text();
          return response;
        },
        /body has been read/,
      ],
      'a body that something else reads': [
        () => {
          const response = new Response(inParts(encode('a')));
          response.body?.getReader();
          return response;
        },
        /lock/i,
      ],
      'a part that is a number': [() => new Response(inParts(5)), /a part that is .+; expected a Uint8Array/],
      'a body that breaks': [
        () =>
          new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('it broke')) })),
        /it broke/,
      ],
      'a body shorter than its length': [
        () => new Response('abc', { headers: { 'Content-Length': '4' } }),
        /not as long as its Content-Length/,
      ],
      'a body longer than its length': [
        () => new Response(inParts(encode('abc')), { headers: { 'Content-Length': '2' } }),
        /not as long as its Content-Length/,
      ],
    } as const))
      it(`is an error, and frees the key: ${name}`, async () => {
        const [first, second] = await twice(make as unknown as Handler);
        expect([first.status, second.status]).to.deep.equal([500, 500]);
        expect(first.text).to.match(message);
        expect(runs).to.equal(2);
      });

    if (whose === '@hono/node-server')
      it('is read without a stream where the server keeps what it was made of', async () => {
        let asked = 0;
        const [first, second] = await twice(() =>
          Object.defineProperty(Response.json({ run: runs }), 'body', {
            get() {
              asked += 1;
              return null;
            },
          }),
        );
        expect([first.text, second.text]).to.deep.equal(['{"run":1}', '{"run":1}']);
        expect(asked).to.equal(0);
      });

    it('is that of the first request, for each that waits for it', async () => {
      const begun: (() => void)[] = [];
      const running = new Promise<void>((resolve) => begun.push(resolve));
      const ends: (() => void)[] = [];
      const end = new Promise<void>((resolve) => ends.push(resolve));
      const guarded = idempotent(
        async () => {
          runs += 1;
          begun[0]?.();
          await end;
          return new Response(inParts(encode('run '), encode(String(runs))), { status: 201 });
        },
        { store, scope: 'public', wait: '20s' },
      );
      server().handler = guarded;
      const first = send();
      await running;
      const others = [send(), send()];
      ends[0]?.();
      for (const answer of [await first, ...(await Promise.all(others))])
        expect([answer.status, answer.text]).to.deep.equal([201, 'run 1']);
      expect(runs).to.equal(1);
    });
  });
