import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import express, { type Request, type Response } from 'express';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/express';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { HttpClient } from './suite/http-client.js';

/** A server whose handler a test writes. */
async function serve(handler: (req: Request, res: Response) => unknown) {
  const app = express();
  app.post('/payments', idempotency({ store: new InMemoryStore(), scope: 'public' }), handler);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new HttpClient((server.address() as { port: number }).port);
  const close = () => {
    client.close();
    server.closeAllConnections();
    server.close();
  };
  return { server, client, close };
}

describe('a handler whose client has hung up', () => {
  it('is told of the end of the connection after that of its response', async () => {
    const steps: string[] = [];
    const begun = defer();
    const gate = defer();
    const { server, client, close } = await serve(async (req, res) => {
      // Nest cancels what a handler returned when it hears of this.
      req.socket.once('close', () => steps.push('closed'));
      begun.resolve();
      await gate.promise;
      // And this tells it that there is nobody to answer.
      steps.push(`destroyed: ${req.socket.destroyed}`);
      req.socket.once('close', () => steps.push('closed later'));
      res.once('finish', () => steps.push('finished'));
      res.status(201).send('paid');
    });
    const [[socket]] = (await Promise.all([
      once(server, 'connection'),
      (async () => {
        const request = client.open({ key: 'k-1' });
        await begun.promise;
        request.hangUp();
      })(),
    ])) as unknown as [[Socket]];
    await until('the connection closes', () => socket.closed);
    gate.resolve();
    await until('the handler is told', () => steps.includes('closed') && steps.includes('closed later'));
    expect(steps.slice(0, 2)).to.deep.equal(['destroyed: false', 'finished']);
    const retry = await client.send({ key: 'k-1' });
    expect([retry.status, retry.text]).to.deep.equal([201, 'paid']);
    expect(retry.headers.get('idempotency-replayed')).to.equal('true');
    close();
  });

  it('sees the addresses of the connection, and the connection when all is over', async () => {
    const begun = defer();
    const gate = defer();
    const seen: unknown[] = [];
    let request: Request | undefined;
    const { server, client, close } = await serve(async (req, res) => {
      request = req;
      seen.push(req.socket.remoteAddress);
      begun.resolve();
      await gate.promise;
      seen.push(req.socket.remoteAddress);
      res.send('paid');
    });
    const connected = once(server, 'connection');
    const sent = client.open({ key: 'k-1' });
    const [socket] = (await connected) as [Socket];
    await begun.promise;
    sent.hangUp();
    await until('the connection closes', () => socket.closed);
    gate.resolve();
    await until('the response has ended', () => request?.socket === socket);
    expect(seen).to.deep.equal(['127.0.0.1', '127.0.0.1']);
    expect(request?.destroyed).to.equal(true);
    close();
  });
});
