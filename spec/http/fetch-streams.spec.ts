import { expect } from 'chai';
import { ClaimLostError, currentExecution, InMemoryStore, type PersistenceStore } from 'retrysafe';
import { idempotent } from 'retrysafe/http';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { HeldStore } from './suite/controlled-application.js';
import { serving } from './support/serving.js';

const encode = (text: string) => new TextEncoder().encode(text);
const PART = new Uint8Array(65_536).fill(120);

/** A body whose parts a spec makes, and which says what became of it. */
class Source {
  readonly cancelled = defer<unknown>();
  pulled = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: (reason) => this.cancelled.resolve(reason),
    },
    { highWaterMark: 1_000 },
  );

  add(part: unknown): void {
    this.#controller.enqueue((typeof part === 'string' ? encode(part) : part) as Uint8Array);
  }

  end(): void {
    this.#controller.close();
  }

  break(error: unknown): void {
    this.#controller.error(error);
  }
}

/** A body that makes a part whenever one is asked for. */
function made(parts: number, onPart: (count: number) => unknown = () => {}, type?: 'bytes'): ReadableStream {
  let count = 0;
  return new ReadableStream({
    type: type as undefined,
    async pull(controller) {
      if (count === parts) {
        controller.close();
        return;
      }
      count += 1;
      await onPart(count);
      controller.enqueue(type === 'bytes' ? PART.slice() : PART);
    },
  });
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a streamed answer of a fetch-style handler', () => {
  const server = serving('Node.js');
  const store = new InMemoryStore();
  let sent: { path: string; key: string; body: object };
  let keys = 0;
  let runs = 0;

  beforeEach(() => {
    keys += 1;
    runs = 0;
    sent = { path: '/', key: `stream-${keys}`, body: {} };
  });

  /** Serves a handler, and returns what its errors were. */
  function serve(handler: (request: Request) => Response | Promise<Response>, options = {}): unknown[] {
    const errors: unknown[] = [];
    const guarded = idempotent(
      (request: Request) => {
        runs += 1;
        return handler(request);
      },
      { store, scope: 'public', ...options },
    );
    server().handler = (request) => {
      if (request.method === 'GET') return new Response('here');
      return guarded(request).catch((error) => {
        errors.push(error);
        return new Response('failed', { status: 500 });
      });
    };
    return errors;
  }

  const open = () => server().client.open(sent);
  const heard = () => server().client.send({ method: 'GET', path: '/' });
  /** What a retry gets once the first request has ended. */
  const retried = () =>
    until('the first request ends', async () => {
      const answer = await server().client.send(sent);
      return answer.status === 409 ? undefined : answer;
    });

  it('has what its maker knows of its run, whoever asks for the part', async () => {
    const seen: unknown[] = [];
    serve(() => {
      const { key } = currentExecution();
      const body = made(3, async () => {
        await nextTurn();
        seen.push(currentExecution().key === key);
      });
      return new Response(body);
    });
    expect((await server().client.send(sent)).bytes.length).to.equal(3 * PART.length);
    expect(seen).to.deep.equal([true, true, true]);
  });

  it('may be a stream of bytes', async () => {
    serve(() => new Response(made(2, nextTurn, 'bytes')));
    const first = await server().client.send(sent);
    expect(first.bytes.length).to.equal(2 * PART.length);
    expect((await server().client.send(sent)).bytes.equals(first.bytes)).to.equal(true);
    expect(runs).to.equal(1);
  });

  it('may be without a part, and replays so', async () => {
    serve(() => new Response(made(0, nextTurn)));
    const source = new Source();
    serve(() => new Response(source.body));
    const answer = await open().head;
    source.end();
    expect([await answer.ended, answer.received()]).to.deep.equal([true, '']);
    const replay = await server().client.send(sent);
    expect([replay.status, replay.text, replay.headers.get('idempotency-replayed')]).to.deep.equal([
      200,
      '',
      'true',
    ]);
  });

  it('may have parts that are empty, and parts that are texts', async () => {
    const source = new Source();
    serve(() => new Response(source.body));
    const answer = await open().head;
    for (const part of [new Uint8Array(0), 'a', new Uint8Array(0), 'b']) {
      source.add(part);
      await heard();
    }
    source.end();
    expect([await answer.ended, answer.received()]).to.deep.equal([true, 'ab']);
    expect((await server().client.send(sent)).text).to.equal('ab');
  });

  it('replays as it was where its maker uses one buffer for all parts', async () => {
    const buffer = new Uint8Array(1);
    serve(() => {
      let count = 0;
      const body = new ReadableStream({
        async pull(controller) {
          await nextTurn();
          count += 1;
          if (count > 3) return controller.close();
          buffer[0] = 96 + count;
          controller.enqueue(buffer);
        },
      });
      return new Response(body);
    });
    await server().client.send(sent);
    expect((await server().client.send(sent)).text).to.equal('abc');
  });

  describe('whose length the client knows', () => {
    it('does not end before its record', async () => {
      const held = new HeldStore();
      const gate = held.hold();
      const source = new Source();
      const headers = { 'Content-Length': '6' };
      serve(() => new Response(source.body, { headers }), { store: held });
      const { head } = open();
      source.add('one');
      const answer = await head;
      await answer.until(3);
      source.add('two');
      source.end();
      await gate.isReached;
      expect((await server().client.send(sent)).status).to.equal(409);
      expect(answer.received()).to.equal('one');
      gate.release();
      expect([await answer.ended, answer.received()]).to.deep.equal([true, 'onetwo']);
      const replay = await server().client.send(sent);
      expect([replay.text, replay.headers.get('content-length')]).to.deep.equal(['onetwo', '6']);
    });

    for (const [what, text] of [
      ['longer', 'fourfive'],
      ['shorter', 'f'],
    ] as const)
      it(`breaks where it is ${what}, and frees the key`, async () => {
        const source = new Source();
        serve(() => new Response(source.body, { headers: { 'Content-Length': '6' } }));
        const { head } = open();
        source.add('one');
        const answer = await head;
        await answer.until(3);
        source.add(text);
        if (what === 'shorter') source.end();
        expect(await answer.ended).to.equal(false);
        serve(() => new Response('again'));
        expect((await retried()).text).to.equal('again');
      });
  });

  describe('that breaks', () => {
    for (const [what, error] of [
      ['an error', new Error('it broke')],
      ['nothing', undefined],
    ] as const)
      it(`with ${what} before its first part, is an error of the handler`, async () => {
        const errors = serve(() => new Response(new ReadableStream({ pull: () => Promise.reject(error) })));
        const answer = await server().client.send(sent);
        expect([answer.status, answer.text]).to.deep.equal([500, 'failed']);
        expect(errors).to.deep.equal([error]);
        await server().client.send(sent);
        expect(runs).to.equal(2);
      });

    for (const [what, error] of [
      ['an error', new Error('it broke')],
      ['nothing', undefined],
    ] as const)
      it(`with ${what} after its first part, does not end well, and frees the key`, async () => {
        const source = new Source();
        serve(() => new Response(source.body));
        const { head } = open();
        source.add('one');
        const answer = await head;
        await answer.until(3);
        source.break(error);
        expect([await answer.ended, answer.received()]).to.deep.equal([false, 'one']);
        serve(() => new Response('again'));
        expect((await retried()).text).to.equal('again');
      });

    it('after its client is gone, frees the key', async () => {
      const source = new Source();
      serve(() => new Response(source.body));
      const { head } = open();
      source.add('one');
      const answer = await head;
      await answer.until(3);
      answer.hangUp();
      await heard();
      source.break(new Error('it broke'));
      serve(() => new Response('again'));
      expect((await retried()).text).to.equal('again');
    });

    it('by a part that is none, is cancelled', async () => {
      const source = new Source();
      serve(() => new Response(source.body));
      const { head } = open();
      source.add('one');
      const answer = await head;
      await answer.until(3);
      source.add({ no: 'bytes' });
      expect(await answer.ended).to.equal(false);
      expect(await source.cancelled.promise).to.be.an.instanceOf(TypeError);
    });
  });

  describe('without an end', () => {
    const options = { lease: '200ms', renewFor: '200ms' };

    it('is given up once it has lost its key: it is cancelled, and its connection is destroyed', async () => {
      const source = new Source();
      serve(() => new Response(source.body), options);
      const { head } = open();
      source.add('one');
      const answer = await head;
      expect(await answer.ended).to.equal(false);
      expect(await source.cancelled.promise).to.be.an.instanceOf(ClaimLostError);
      serve(() => new Response('again'));
      expect((await retried()).text).to.equal('again');
    });

    it('is given up though its client is gone', async () => {
      const source = new Source();
      serve(() => new Response(source.body), options);
      const { head } = open();
      source.add('one');
      const answer = await head;
      await answer.until(3);
      answer.hangUp();
      expect(await source.cancelled.promise).to.be.an.instanceOf(ClaimLostError);
    });

    it('is given up though its client does not read', async () => {
      const source = new Source();
      serve(() => new Response(source.body), options);
      const { head } = open();
      for (let part = 0; part < 800; part += 1) source.add(PART);
      const answer = await head;
      answer.pause();
      expect(await source.cancelled.promise).to.be.an.instanceOf(ClaimLostError);
      answer.hangUp();
    });

    it('does not keep the process from all else where its parts are there at once, and its client is gone', async () => {
      const cancelled = defer();
      const body = () =>
        new ReadableStream({
          pull: (controller) => controller.enqueue(PART),
          cancel: () => cancelled.resolve(),
        });
      serve(() => new Response(body()), options);
      const answer = await open().head;
      answer.hangUp();
      // Timers fire, so that the claim lapses, and other requests are answered.
      expect((await heard()).text).to.equal('here');
      await cancelled.promise;
    });

    it('does not keep the process from all else where its parts are empty', async () => {
      const cancelled = defer();
      const body = () =>
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(0)),
          cancel: () => cancelled.resolve(),
        });
      serve(() => new Response(body()), options);
      const answer = open();
      expect((await heard()).text).to.equal('here');
      await cancelled.promise;
      answer.hangUp();
    });
  });

  it('whose key another request has completed by then does not end well', async () => {
    const shared = new InMemoryStore();
    const replace = shared.replace.bind(shared);
    let others = 0;
    const overtaken: PersistenceStore = {
      claim: shared.claim.bind(shared),
      find: shared.find.bind(shared),
      async replace(record, token) {
        if (record.state.status === 'completed') {
          others += 1;
          await replace({ ...record, token: `another-${others}` }, token);
        }
        return replace(record, token);
      },
    };
    const source = new Source();
    serve(() => new Response(source.body), { store: overtaken });
    const { head } = open();
    source.add('one');
    const answer = await head;
    await answer.until(3);
    source.end();
    expect(await answer.ended).to.equal(false);
    expect(others).to.equal(1);
  });
});
