import { expect } from 'chai';
import { until } from '../../support/until.js';
import { Parts } from './controlled-application.js';
import type { Suite } from './http-suite.js';

/** Bodies that come in parts. */
export function streams({ newKey, serve, test }: Suite): void {
  describe('a streamed answer', () => {
    const bench = serve();

    test('reaches the first client as it is made, and replays as a stream', '/stream', async () => {
      const { client, application } = bench();
      const sent = { path: '/stream', key: newKey(), body: {} };
      const parts = application.stream();
      const { head } = client.open(sent);
      parts.add('{"n":1}\n');
      const answer = await head;
      await answer.until(8);
      parts.add('{"n":2}\n');
      await answer.until(16);
      parts.end();
      expect(await answer.ended).to.equal(true);
      expect(answer.headers.get('idempotency-replayed')).to.equal(undefined);
      const replay = await client.send(sent);
      expect(replay.text).to.equal('{"n":1}\n{"n":2}\n');
      expect(replay.headers.get('content-type')).to.equal(answer.headers.get('content-type'));
      expect(replay.headers.get('transfer-encoding')).to.equal('chunked');
      expect(replay.headers.get('content-length')).to.equal(undefined);
      expect(replay.headers.get('idempotency-replayed')).to.equal('true');
      expect(application.runs).to.equal(1);
    });

    test('may be without a part', '/stream', async () => {
      const { client, application } = bench();
      const sent = { path: '/stream', key: newKey(), body: {} };
      application.stream().end();
      expect((await client.send(sent)).text).to.equal('');
      const replay = await client.send(sent);
      expect([replay.status, replay.text]).to.deep.equal([200, '']);
      expect(application.runs).to.equal(1);
    });

    test('that breaks ends badly, and the key is free', '/broken', async () => {
      const { client, application } = bench();
      const sent = { path: '/broken', key: newKey(), body: {} };
      for (const run of [1, 2]) {
        const answer = await client.open(sent).head.catch(() => undefined);
        // A framework may find out before it has sent anything: then it may say so.
        const endedWell = answer !== undefined && (await answer.ended);
        if (endedWell) expect(answer.status).to.be.at.least(500);
        expect(application.runs).to.equal(run);
      }
    });

    test(
      'larger than is recorded reaches the first client, and its duplicate is told',
      '/large',
      async () => {
        const { client, application } = bench();
        const sent = { path: '/large', key: newKey(), body: {} };
        expect((await client.send(sent)).text).to.equal('x'.repeat(400_000));
        const { status, json, headers } = await client.send(sent);
        expect([status, json.type, headers.get('retry-after')]).to.deep.equal([
          410,
          'urn:retrysafe:problem:outcome-unavailable',
          undefined,
        ]);
        expect(application.runs).to.equal(1);
      },
    );

    test('of 100 MB is not held for a reader who is slow, nor for one who is gone', '/stream', async () => {
      const { client, application } = bench();
      const sent = { path: '/stream', key: newKey(), body: {} };
      const parts = application.stream();
      const part = 'x'.repeat(65_536);
      parts.add(...Array.from({ length: 1_600 }, () => part));
      parts.end();
      const answer = await client.open(sent).head;
      answer.pause();
      let taken = -1;
      await until('the handler waits for its reader', () => {
        const before = taken;
        taken = parts.taken;
        return taken === before;
      });
      expect(taken, 'parts of 64 kB').to.be.below(800);
      answer.hangUp();
      await until('the handler goes on to its end', () => parts.taken === 1_600, 20_000);
      const { status } = await until('the key is completed', async () => {
        const duplicate = await client.send(sent);
        return duplicate.status === 409 ? undefined : duplicate;
      });
      expect(status).to.equal(410);
      expect(application.runs).to.equal(1);
    });
  });

  describe('a streamed answer, by option', () => {
    const bench = serve({ maxBody: 10 });

    test('is recorded up to maxBody', '/stream', async () => {
      const { client, application } = bench();
      const statuses: number[] = [];
      for (const text of ['1234567890', '12345678901']) {
        const sent = { path: '/stream', key: newKey(), body: {} };
        const parts = application.stream();
        parts.add(text);
        parts.end();
        expect((await client.send(sent)).text).to.equal(text);
        statuses.push((await client.send(sent)).status);
      }
      expect(statuses).to.deep.equal([200, 410]);
    });
  });

  describe('a streamed answer of a run that lost its key', () => {
    const bench = serve({ lease: '200ms', renewFor: '200ms' });

    test('does not end well', '/stream', async () => {
      const { client, application } = bench();
      const sent = { path: '/stream', key: newKey(), body: {} };
      const endless = application.stream();
      endless.add('begun');
      const answer = await client.open(sent).head;
      await answer.until(5);
      // Nothing renews the claim any longer, so the connection is destroyed.
      expect(await answer.ended).to.equal(false);
      const again = application.stream(new Parts());
      again.add('again');
      again.end();
      const second = await until('the key is free', async () => {
        const duplicate = await client.send(sent);
        return duplicate.status === 409 ? undefined : duplicate;
      });
      expect([second.status, second.text]).to.deep.equal([200, 'again']);
      expect(application.runs).to.equal(2);
      endless.end();
    });
  });
}
