import { expect } from 'chai';
import { InMemoryStore } from 'retrysafe';
import { encrypted } from 'retrysafe/encryption';
import { type HttpOptions, idempotent } from 'retrysafe/http';
import { randomBytes } from '../support/bytes.js';
import { keyNamed } from '../support/encryption-keys.js';

const marker = 'PAYLOAD-4111-1111';
const key = keyNamed('a');

/** A service that answers each request once, and what it has stored. */
function service(answer: () => Response, options: Partial<HttpOptions<Request>> = {}) {
  const store = new InMemoryStore();
  let runs = 0;
  const handler = idempotent(
    () => {
      runs += 1;
      return answer();
    },
    { store, scope: 'public', ...options },
  );
  const send = () =>
    handler(
      new Request('http://localhost/payments', {
        method: 'POST',
        headers: { 'idempotency-key': '"a"' },
        body: '{}',
      }),
    );
  return { store, send, runs: () => runs };
}

describe('an HTTP response that is recorded', () => {
  for (const [what, body] of [
    ['a text', `{"card":"${marker}"}`],
    ['bytes', randomBytes(1_000)],
  ] as const) {
    it(`with ${what} is encrypted whole, and replayed as it was`, async () => {
      const codec = encrypted({ keys: { a: key }, current: 'a' });
      const { store, send, runs } = service(
        () => new Response(body, { status: 201, headers: { 'x-card': marker } }),
        { codec },
      );
      const [first, again] = [await send(), await send()];
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect([again.status, again.headers.get('x-card')]).to.deep.equal([201, marker]);
      expect(Buffer.from(await again.arrayBuffer())).to.deep.equal(Buffer.from(await first.arrayBuffer()));
      expect(JSON.stringify(store.records())).to.include('enc1.a.').and.not.to.include(marker);
      expect(runs()).to.equal(1);
    });
  }

  it('is 410 where its key is gone, which tells nothing of keys', async () => {
    const ring = new Map([
      ['a', key],
      ['b', keyNamed('b')],
    ]);
    const store = new InMemoryStore();
    const answer = () => new Response(marker);
    const before = service(answer, { store, codec: encrypted({ keys: { a: key }, current: 'a' }) });
    await before.send();
    ring.delete('a');
    const after = service(answer, { store, codec: encrypted({ keys: (id) => ring.get(id), current: 'b' }) });
    const refused = await after.send();
    expect(refused.status).to.equal(410);
    expect(await refused.text())
      .not.to.include(marker)
      .and.not.to.include('key "a"');
    expect(after.runs()).to.equal(0);
  });

  it('has what redact leaves of it, and the client of the run has all', async () => {
    const { store, send } = service(
      () => new Response(JSON.stringify({ id: 5, card: marker }), { headers: { 'x-card': marker } }),
      {
        redact: ({ headers, text = '', ...rest }, request: Request) => ({
          ...rest,
          headers: headers.filter(([name]) => name !== 'x-card'),
          text: JSON.stringify({ id: JSON.parse(text).id, method: request.method }),
        }),
      },
    );
    const [first, again] = [await send(), await send()];
    expect(await first.json()).to.deep.equal({ id: 5, card: marker });
    expect(await again.json()).to.deep.equal({ id: 5, method: 'POST' });
    expect(again.headers.get('x-card')).to.equal(null);
    expect(JSON.stringify(store.records())).not.to.include(marker);
  });
});
