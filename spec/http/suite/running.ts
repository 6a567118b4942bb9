import { expect } from 'chai';
import type { Suite } from './http-suite.js';

/** What a duplicate gets while the first request runs, and when a client hears of an outcome. */
export function running({ newKey, serve, test }: Suite): void {
  describe('while a request runs', () => {
    const bench = serve();

    test('its duplicate is told at once when to come again', undefined, async () => {
      const { client, application } = bench();
      const key = newKey();
      const held = application.hold();
      const begun = application.begun();
      const first = client.send({ key, body: { amount: 1 } });
      await begun;
      const { status, headers, json } = await client.send({ key, body: { amount: 1 } });
      expect([status, json.type]).to.deep.equal([409, 'urn:retrysafe:problem:in-progress']);
      // The lease has 30 seconds. Such a request takes none.
      expect(headers.get('retry-after')).to.equal('1');
      held.resolve();
      const replay = await client.send({ key, body: { amount: 1 } });
      expect([replay.status, replay.text]).to.deep.equal([201, (await first).text]);
      expect(application.runs).to.equal(1);
    });

    test('another request with its key is refused', undefined, async () => {
      const { client, application } = bench();
      const key = newKey();
      const held = application.hold();
      const begun = application.begun();
      const first = client.send({ key, body: { amount: 1 } });
      await begun;
      expect((await client.send({ key, body: { amount: 2 } })).status).to.equal(422);
      held.resolve();
      expect((await first).status).to.equal(201);
      expect(application.runs).to.equal(1);
    });

    test('of many at once one runs', undefined, async () => {
      const { client, application } = bench();
      const key = newKey();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => client.send({ key, body: { amount: 1 } })),
      );
      for (const { status, json } of answers) {
        if (status === 201) expect(json.run).to.equal(1);
        else expect(status).to.equal(409);
      }
      expect(application.runs).to.equal(1);
    });
  });

  describe('with `wait`', () => {
    const bench = serve({ wait: '20s' });

    test('its duplicate gets the same answer', undefined, async () => {
      const { client, application } = bench();
      const key = newKey();
      const held = application.hold();
      const begun = application.begun();
      const first = client.send({ key, body: { amount: 1 } });
      await begun;
      const second = client.send({ key, body: { amount: 1 } });
      held.resolve();
      const [one, other] = await Promise.all([first, second]);
      expect([other.status, other.text]).to.deep.equal([one.status, one.text]);
      expect(other.headers.get('idempotency-replayed')).to.equal('true');
      expect(application.runs).to.equal(1);
    });
  });

  describe('nobody hears of an outcome that is not recorded', () => {
    const bench = serve();

    for (const path of ['/payments', '/text', '/nothing', '/bytes', '/redirect', '/html'])
      test(`${path}: nothing is sent before its record`, path, async () => {
        const { client, application, store } = bench();
        const key = newKey();
        const gate = store.hold();
        const first = client.open({ path, key, body: { amount: 1 } });
        await gate.isReached;
        // Whatever was sent before this answer is here with it.
        expect((await client.send({ path, key, body: { amount: 1 } })).status).to.equal(409);
        expect(first.hasHead()).to.equal(false);
        gate.release();
        const answer = await first.head;
        expect(await answer.ended).to.equal(true);
        const replay = await client.send({ path, key, body: { amount: 1 } });
        expect(replay.headers.get('idempotency-replayed')).to.equal('true');
        expect(application.runs).to.equal(1);
      });

    test('a stream does not end before its record', '/stream', async () => {
      const { client, application, store } = bench();
      const key = newKey();
      const gate = store.hold();
      const parts = application.stream();
      parts.add('one\n');
      const { head } = client.open({ path: '/stream', key, body: {} });
      const answer = await head;
      await answer.until(4);
      parts.end();
      await gate.isReached;
      expect((await client.send({ path: '/stream', key, body: {} })).status).to.equal(409);
      expect(answer.hasEnded()).to.equal(false);
      gate.release();
      expect(await answer.ended).to.equal(true);
      expect(application.runs).to.equal(1);
    });

    test(
      'the last bytes of a body whose length is known do not come before its record',
      '/download',
      async () => {
        const { client, application, store } = bench();
        const key = newKey();
        const gate = store.hold();
        const parts = application.stream();
        const { head } = client.open({ path: '/download', key, body: {} });
        const answer = await head;
        expect(answer.headers.get('content-length')).to.equal('10');
        await answer.until(5);
        parts.add('on');
        parts.end();
        await gate.isReached;
        expect((await client.send({ path: '/download', key, body: {} })).status).to.equal(409);
        expect(answer.received()).to.equal('01234');
        gate.release();
        expect(await answer.ended).to.equal(true);
        expect(answer.received()).to.equal('0123456789');
        const replay = await client.send({ path: '/download', key, body: {} });
        expect(replay.text).to.equal('0123456789');
        expect(application.runs).to.equal(1);
      },
    );
  });
}
