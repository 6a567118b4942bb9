import { once } from 'node:events';
import { createServer, type RequestListener, type Server, request as send } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { NestFactory } from '@nestjs/core';
import { expect } from 'chai';
import express from 'express';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { Hono } from 'hono';
import { nodeListener } from 'retrysafe/operator';
import { pageOfDesks } from '#operator/page/operator-page.js';
import { defer } from '../support/defer.js';
import { DeskInMemory, recordView } from './desk-in-memory.js';

describe("the operator's page in a server of Node.js", () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((closed) => (server ? server.close(closed) : closed(undefined)));
    server = undefined;
  });

  async function serve(listener: RequestListener): Promise<string> {
    server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const pageAt = (basePath: string, desk = new DeskInMemory(recordView())) =>
    pageOfDesks(new Map([['payments', desk]]), { authorize: () => 'alice', basePath, rates: false });

  const ask = (url: string, body: object) =>
    fetch(url, {
      method: 'POST',
      headers: { origin: new URL(url).origin, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** Whether a server has the page below `/operator`: the document from both paths, a file and an answer. */
  async function isWhole(url: string): Promise<void> {
    expect((await fetch(`${url}/operator?status=any`)).url).to.equal(`${url}/operator/?status=any`);
    expect(await (await fetch(`${url}/operator/page.css`)).text()).to.include('prefers-color-scheme');
    const answer = await ask(`${url}/operator/api/list`, { store: 'payments' });
    expect(((await answer.json()) as { records: unknown[] }).records).to.have.length(1);
    expect((await fetch(`${url}/operator/nothing`)).status).to.equal(404);
  }

  it('is the same as a fetch handler: files, questions and refusals', async () => {
    const url = await serve(nodeListener(pageAt('/operator')));
    await isWhole(url);
    expect((await fetch(`${url}/other`)).status).to.equal(404);
  });

  for (const [what, before] of [
    ['without a parser', undefined],
    ['behind a parser of JSON', express.json()],
  ] as const) {
    it(`is middleware of Express, below a path, ${what}`, async () => {
      const app = express();
      if (before) app.use(before);
      app.use('/operator', nodeListener(pageAt('/operator')));
      const url = await serve(app);
      await isWhole(url);
    });
  }

  it('is a route of Fastify, whose parser leaves the body alone', async () => {
    const fastify = Fastify();
    const listener = nodeListener(pageAt('/operator'));
    fastify.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      const answer = (request: FastifyRequest, reply: FastifyReply) => {
        reply.hijack();
        return listener(request.raw, reply.raw);
      };
      scope.all('/operator', answer);
      scope.all('/operator/*', answer);
    });
    try {
      const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
      await isWhole(url);
    } finally {
      await fastify.close();
    }
  });

  it('is a route of Hono, without a listener', async () => {
    const app = new Hono();
    const page = pageAt('/operator');
    app.all('/operator/*', (context) => page(context.req.raw));
    await isWhole(await serve(getRequestListener(app.fetch)));
  });

  it('is middleware of NestJS', async () => {
    const app = await NestFactory.create(class AppModule {}, { logger: false });
    app.use('/operator', nodeListener(pageAt('/operator')));
    try {
      await app.listen(0, '127.0.0.1');
      await isWhole((await app.getUrl()).replace('[::1]', '127.0.0.1'));
    } finally {
      await app.close();
    }
  });

  it('hands what the application throws to Express, and answers by a 500 with a warning where there is nobody to take it', async () => {
    const fault = new Error('no session');
    const page = pageOfDesks(new Map(), {
      authorize: () => {
        throw fault;
      },
      rates: false,
    });
    const thrown = defer<unknown>();
    const app = express();
    app.use(nodeListener(page));
    app.use((error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
      thrown.resolve(error);
      response.status(500).end();
    });
    await fetch(await serve(app));
    expect(await thrown.promise).to.equal(fault);
    server?.close();
    const warned = once(process, 'warning');
    const response = await fetch(await serve(nodeListener(page)));
    expect([response.status, await response.text()]).to.deep.equal([500, '']);
    expect((await warned)[0]).to.equal(fault);
  });

  it('refuses an address that is none of its own, and a host that is none', async () => {
    const url = new URL(await serve(nodeListener(pageAt('/'))));
    const { port } = url;
    const statusOf = async (line: string, host: string) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.end(`${line} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      let text = '';
      for await (const chunk of socket) text += chunk;
      return /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
    };
    expect(await statusOf('GET /', `127.0.0.1:${port}`)).to.equal('200');
    expect(await statusOf('GET http://evil.example/', 'evil.example')).to.equal('400');
    expect(await statusOf('GET /', 'a b')).to.equal('400');
    expect(await statusOf('GET //evil.example/page.js', `127.0.0.1:${port}`)).to.equal('404');
  });

  it('ends a count when the browser goes away', async () => {
    const desk = new DeskInMemory();
    const ended = defer<void>();
    const begun = defer<void>();
    desk.stats = (_query, _onProgress, signal?: AbortSignal) =>
      new Promise((_, reject) => {
        begun.resolve();
        signal?.addEventListener('abort', () => {
          ended.resolve();
          reject(signal.reason);
        });
      });
    const url = await serve(nodeListener(pageAt('/', desk)));
    const headers = { origin: url, 'content-type': 'application/json' };
    const request = send(`${url}/api/stats`, { method: 'POST', headers });
    request.on('error', () => {});
    request.end('{"store":"payments"}');
    await begun.promise;
    request.destroy();
    await ended.promise;
  });
});
