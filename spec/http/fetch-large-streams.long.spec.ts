import { expect } from 'chai';
import { InMemoryStore } from 'retrysafe';
import { idempotent } from 'retrysafe/http';
import { heapInUse } from '../support/heap.js';
import { until } from '../support/until.js';
import { serving } from './support/serving.js';

const PART = new Uint8Array(65_536).fill(120);
const MEGABYTE = 16;

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

describe('a streamed answer of 100 MB', () => {
  const server = serving('Node.js');
  const store = new InMemoryStore();
  const parts = 100 * MEGABYTE;
  let sent: { path: string; key: string; body: object };
  let keys = 0;
  let runs = 0;

  beforeEach(() => {
    keys += 1;
    runs = 0;
    sent = { path: '/', key: `large-${keys}`, body: {} };
  });

  function serve(handler: () => Response): void {
    const guarded = idempotent(
      () => {
        runs += 1;
        return handler();
      },
      { store, scope: 'public' },
    );
    server().handler = (request) => (request.method === 'GET' ? new Response('here') : guarded(request));
  }

  const open = () => server().client.open(sent);
  const heard = () => server().client.send({ method: 'GET', path: '/' });
  const retried = () =>
    until('the first request ends', async () => {
      const answer = await server().client.send(sent);
      return answer.status === 409 ? undefined : answer;
    });

  for (const type of [undefined, 'bytes'] as const)
    it(`waits for a reader who is slow, made ${type ?? 'in parts'}`, async () => {
      let count = 0;
      const onPart = async (made: number) => {
        count = made;
        await nextTurn();
      };
      serve(() => new Response(made(parts, onPart, type)));
      const answer = await open().head;
      answer.pause();
      let before = -1;
      await until('the handler waits', async () => {
        if (count === before) return true;
        before = count;
        await heard();
        return false;
      });
      // What the sockets of both sides take, and what the client has read.
      expect(count, 'parts of 64 kB').to.be.below(24 * MEGABYTE);
      answer.hangUp();
      await until('the handler goes on to its end', () => count === parts, 20_000);
      expect((await retried()).status).to.equal(410);
      expect(runs).to.equal(1);
    });

  it('is not held for a client that is gone', async () => {
    let most = 0;
    let count = 0;
    serve(() => {
      const base = process.memoryUsage().arrayBuffers;
      const onPart = async (made: number) => {
        count = made;
        if (made % 64 === 0) heapInUse();
        most = Math.max(most, process.memoryUsage().arrayBuffers - base);
        await nextTurn();
      };
      return new Response(made(parts, onPart, 'bytes'));
    });
    const answer = await open().head;
    answer.hangUp();
    await until('the handler goes on to its end', () => count === parts, 20_000);
    expect(most / 2 ** 20, 'MiB').to.be.below(30);
  });
});
