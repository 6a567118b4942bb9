import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { FetchHttpHandler } from '@smithy/fetch-http-handler';
import { expect } from 'chai';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import sinon from 'sinon';
import { rejection } from '../../support/rejection.js';

const record = {
  key: 'k',
  token: 'a.1',
  expiresAt: Date.now() + 60_000,
  state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
} as const;

const handlers: readonly (readonly [string, (() => FetchHttpHandler) | undefined])[] = [
  ['by the handler of Node.js', undefined],
  // It takes a real signal only.
  ['by fetch', () => new FetchHttpHandler()],
];

describe('requests that would never end', () => {
  afterEach(() => {
    sinon.restore();
  });

  for (const [handler, requestHandler] of handlers) {
    it(`are given up by the store after 10 seconds, and leave their sockets to others: ${handler}`, async () => {
      const sockets: Socket[] = [];
      const server = createServer((socket) => sockets.push(socket.resume())).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      // Without time-outs of its own, as it is made by default.
      const client = new DynamoDBClient({
        endpoint: `http://127.0.0.1:${port}`,
        region: 'eu-west-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        ...(requestHandler && { requestHandler: requestHandler() }),
      });
      const store = new DynamoDBStore({ client, tableName: 'idempotency' });
      // Those timers of a request that are for its end.
      const limits: (() => void)[] = [];
      const start = globalThis.setTimeout;
      sinon.stub(globalThis, 'setTimeout').callsFake(((run: () => void, delay?: number) => {
        if (delay === 10_000) limits.push(run);
        return start(run, delay);
      }) as typeof setTimeout);
      try {
        for (const send of [
          () => store.claim(record, Date.now()),
          () => store.replace(record, 'a.0'),
          () => store.find('k'),
        ]) {
          const ended = rejection(send());
          await once(server, 'connection');
          const closed = once(sockets.at(-1) as Socket, 'close');
          limits.at(-1)?.();
          expect(await ended).to.have.property('name', 'AbortError');
          await closed;
        }
        expect(limits).to.have.length(3);
      } finally {
        client.destroy();
        server.close();
      }
    });
  }

  it('leave nothing behind when they are answered: a timer for each of thousands would be memory for ten seconds', async () => {
    const client = { send: async () => ({}) } as unknown as DynamoDBClient;
    const store = new DynamoDBStore({ client, tableName: 'idempotency' });
    const started = sinon.spy(globalThis, 'setTimeout');
    const cleared = sinon.spy(globalThis, 'clearTimeout');
    await store.claim(record, Date.now());
    await store.replace(record, 'a.0');
    await store.find('k');
    expect(started.callCount).to.equal(3);
    expect(cleared.args.map(([timer]) => timer)).to.deep.equal(started.returnValues);
  });

  it('keep no process alive by the pause between two of them', async () => {
    // A renewal behind the caller's back meets a transaction. No call awaits it, and nothing else is left to do.
    const program = `
      import { DynamoDBStore } from 'retrysafe/dynamodb';
      const client = {
        async send() {
          throw Object.assign(new Error('conflict'), { name: 'TransactionConflictException' });
        },
      };
      const store = new DynamoDBStore({ client, tableName: 'idempotency' });
      let ended = false;
      store.replace(${JSON.stringify(record)}, 'a.0').catch(() => {}).finally(() => { ended = true; });
      process.on('exit', () => process.stdout.write(String(ended)));
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await once(child, 'close');
    expect(said, 'whether the process waited for the last of eight tries').to.equal('false');
  });
});
