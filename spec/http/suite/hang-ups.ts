import { expect } from 'chai';
import { until } from '../../support/until.js';
import type { Answer, Sent } from './http-client.js';
import type { Bench, Suite } from './http-suite.js';

/** A client that hangs up ends nothing. */
export function hangUps({ newKey, serve, test }: Suite): void {
  /** Asks until the first request has ended. */
  const retried = ({ client }: Bench, sent: Sent): Promise<Answer> =>
    until('the first request ends', async () => {
      const answer = await client.send(sent);
      return answer.status === 409 ? undefined : answer;
    });

  describe('a client that hangs up', () => {
    const bench = serve();

    for (const path of ['/payments', '/text', '/bytes'])
      test(`before the answer to ${path}: its retry gets that`, path, async () => {
        const { client, application } = bench();
        const sent = { path, key: newKey(), body: { amount: 3 } };
        const held = application.hold();
        const begun = application.begun();
        const request = client.open(sent);
        await begun;
        request.hangUp();
        // The server knows of it once it has answered another request.
        await client.send({ method: 'GET' });
        held.resolve();
        const retry = await retried(bench(), sent);
        expect(retry.status).to.be.within(200, 299);
        expect(retry.headers.get('idempotency-replayed')).to.equal('true');
        expect(application.runs).to.equal(1);
      });

    test('in the middle of a stream: its retry gets all of it', '/stream', async () => {
      const { client, application } = bench();
      const sent = { path: '/stream', key: newKey(), body: {} };
      const parts = application.stream();
      parts.add('one ');
      const answer = await client.open(sent).head;
      await answer.until(4);
      answer.hangUp();
      await client.send({ method: 'GET' });
      // One after another, so that the handler writes after the connection is gone.
      for (const part of ['two ', 'three ', 'four']) {
        parts.add(part);
        await client.send({ method: 'GET' });
      }
      parts.end();
      const retry = await retried(bench(), sent);
      expect([retry.status, retry.text]).to.deep.equal([200, 'one two three four']);
      expect(application.runs).to.equal(1);
    });

    test('while the outcome is recorded: its retry gets that', undefined, async () => {
      const { client, application, store } = bench();
      const sent = { key: newKey(), body: { amount: 3 } };
      const gate = store.hold();
      const request = client.open(sent);
      await gate.isReached;
      request.hangUp();
      await client.send({ method: 'GET' });
      gate.release();
      const retry = await retried(bench(), sent);
      expect([retry.status, retry.headers.get('idempotency-replayed')]).to.deep.equal([201, 'true']);
      expect(application.runs).to.equal(1);
    });
  });
}
