import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { HttpClient } from '../suite/http-client.js';

/** The server of a page in docs/guide/http/. */
export interface Guide {
  readonly make: () => Promise<Server>;
  readonly payments: readonly unknown[];
  /** What a request without authentication gets. Default: `who?`. */
  readonly unauthenticated?: RegExp;
}

/** Registers what the server of every page does. */
export function guideSuite(page: string, { make, payments, unauthenticated = /^who\?$/ }: Guide): void {
  describe(`the server of docs/guide/http/${page}`, () => {
    let server: Server;
    let client: HttpClient;
    const sent = { key: 'k-1', user: 'token-of-alice', body: { amount: 40 } };

    before(async () => {
      server = await make();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      client = new HttpClient((server.address() as AddressInfo).port);
    });
    after(() => {
      client?.close();
      server?.closeAllConnections();
      server?.close();
    });

    it('pays once, and replays', async () => {
      const first = await client.send(sent);
      const second = await client.send(sent);
      expect([first.status, first.json.amount]).to.deep.equal([201, 40]);
      expect(first.headers.get('location')).to.equal(`/payments/${first.json.id}`);
      expect([second.status, second.text]).to.deep.equal([201, first.text]);
      expect(second.headers.get('location')).to.equal(first.headers.get('location'));
      expect(second.headers.get('idempotency-replayed')).to.equal('true');
      expect(payments).to.have.length(1);
    });

    it('gives nothing to a replay that is not authenticated', async () => {
      for (const user of [null, 'token-of-nobody']) {
        const { status, text, headers } = await client.send({ ...sent, user });
        expect(status).to.equal(401);
        expect(text).to.match(unauthenticated);
        expect(headers.get('idempotency-replayed')).to.equal(undefined);
      }
      expect(payments).to.have.length(1);
    });

    it('refuses another payment with the same key', async () => {
      const { status, json } = await client.send({ ...sent, body: { amount: 41 } });
      expect([status, json.type]).to.deep.equal([422, 'urn:retrysafe:problem:key-reused']);
      expect(payments).to.have.length(1);
    });
  });
}
