import { randomBytes, randomInt, randomUUID, type ScryptOptions, scrypt, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, createServer, get, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { setTimeout as pause, scheduler, setInterval as ticks } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { gzip } from 'node:zlib';
import { expect } from 'chai';
import { ConfigurationError, currentExecution, makeIdempotent } from 'retrysafe';
import { type CrashTestOptions, type CrashTestReport, crashTest } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';

const capturedTimer = setTimeout;
const derive = promisify<string, string, number, ScryptOptions, Buffer>(scrypt);

interface Note {
  readonly lengths: Set<number>;
  readonly noted: string[];
  readonly operation: () => Promise<void>;
}

/** A method that does something in its middle, of which each history takes the time. */
function doing(work: () => unknown, lengths = new Set<number>()): CrashTestOptions<Note> {
  return {
    setUp: ({ store, effect }) => {
      const noted: string[] = [];
      const note = effect('log.note', (key: string) => noted.push(key));
      const operation = makeIdempotent(
        async () => {
          const began = Date.now();
          await work();
          lengths.add(Date.now() - began);
          await note(currentExecution().deriveKey('note'));
        },
        { name: 'notes.note', key: () => 'one', store },
      );
      return { lengths, noted, operation };
    },
    calls: [({ operation }) => operation()],
    invariant: ({ noted }) => expect(new Set(noted).size).to.equal(1),
    faults: 1,
  };
}

const tried = ({ histories, states, steps, levels }: CrashTestReport) => ({
  histories,
  states,
  steps,
  levels,
});

describe('what a service computes in a crash test', function () {
  this.timeout(60_000);
  let plain: CrashTestReport;
  before(async () => {
    plain = await crashTest({ ...doing(() => {}), histories: 12 });
  });

  const computed: Readonly<Record<string, () => unknown>> = {
    'by node:crypto': () => derive('secret', 'salt', 16, { N: 1_024 }),
    'by Web Crypto': () => webcrypto.subtle.digest('SHA-256', Buffer.alloc(100_000)),
    'by node:zlib': () => promisify(gzip)(randomBytes(100_000)),
    'from a response': async () => new Response('{"held":true}').json(),
    'from a blob': () => new Blob(['held']).text(),
    'between ports': () => {
      const { port1, port2 } = new MessageChannel();
      return new Promise<void>((resolve) => {
        port1.once('message', () => {
          port1.close();
          resolve();
        });
        port2.postMessage('held');
      });
    },
    'in a module that it imports': () => import('./mistakes/mistake.js'),
    'and says on its console': () => process.stdout.write(''),
  };

  for (const [how, work] of Object.entries(computed))
    it(`takes no time of it: ${how}`, async () => {
      const lengths = new Set<number>();
      expect(tried(await crashTest({ ...doing(work, lengths), histories: 12 }))).to.deep.equal(tried(plain));
      expect([...lengths]).to.deep.equal([0]);
    });
});

describe('what a service waits for in a crash test', function () {
  this.timeout(60_000);

  const waits: Readonly<Record<string, () => unknown>> = {
    'scheduler.wait()': () => scheduler.wait(6_000),
    'setInterval() of promises': async () => {
      let times = 0;
      for await (const each of ticks(2_000, 'tick')) {
        expect(each).to.equal('tick');
        times += 1;
        if (times === 3) return;
      }
    },
    'a timer that is refreshed': () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 4_000);
        setTimeout(() => timer.refresh(), 2_000);
      }),
    'a wait that is given up': async () => {
      const signal = AbortSignal.timeout(6_000);
      const error = await rejection(pause(60_000, undefined, { signal }));
      expect(error).to.include({ name: 'AbortError', code: 'ABORT_ERR' });
    },
  };

  for (const [name, wait] of Object.entries(waits))
    it(`takes the time of the test: ${name}`, async () => {
      const lengths = new Set<number>();
      await crashTest(doing(wait, lengths));
      expect([...lengths]).to.deep.equal([6_000]);
    });

  it('is of the test in setUp and in effects, too', async () => {
    const began = Date.now();
    const lengths = new Set<number>();
    const { levels } = await crashTest({
      setUp: async ({ effect }) => {
        const at = Date.now();
        await pause(30_000);
        lengths.add(Date.now() - at);
        return effect('bank.hold', async () => {
          const asked = Date.now();
          await pause(50);
          lengths.add(Date.now() - asked);
          return 'H-1';
        });
      },
      calls: [(hold) => hold(), (hold) => hold()],
      invariant: (_hold, ends) => {
        for (const end of ends) expect(end).to.have.property('value', 'H-1');
      },
      faults: 1,
    });
    expect(levels[1]?.left).to.equal(0);
    expect([...lengths].sort((a, b) => a - b)).to.deep.equal([50, 30_000]);
    expect(Date.now() - began).to.be.below(15_000);
  });
});

describe('a service that goes on and on in a crash test', function () {
  this.timeout(60_000);

  it('lets others go on while it asks in a loop', async () => {
    const report = await crashTest({
      setUp: ({ store, database, effect }) => {
        const flags = database.table<boolean>('flags');
        const note = effect('log.note', () => {});
        const set = makeIdempotent(
          async () => {
            await note();
            await database.transaction((tx) => tx.put(flags, 'A', true));
          },
          { name: 'flags.set', key: () => 'one', store, wait: 0 },
        );
        const wait = async () => {
          while (!(await database.transaction((tx) => tx.get(flags, 'A'))));
        };
        return { set, wait };
      },
      calls: [({ wait }) => wait(), ({ set }) => set()],
      invariant: (_made, ends) => {
        for (const end of ends) expect(end).to.have.property('value');
      },
      faults: 0,
    });
    expect(report.endless).to.equal(0);
  });

  it('is given up where nothing fails', async () => {
    const error = await rejection(
      crashTest(
        doing(async () => {
          for (;;) await pause(1_000);
        }),
      ),
    );
    expect((error as Error).message).to.match(/call 1 went on for \d+(\.\d+)? s of the test's time/);
  });

  it('is not kept from its lease by a stand-in that takes long', async () => {
    await crashTest({
      setUp: ({ store, effect }) => {
        const holds: string[] = [];
        const place = effect('bank.place', async (id: string) => {
          await pause(40_000);
          holds.push(id);
        });
        return { holds, operation: makeIdempotent(place, { name: 'slow', key: (id) => id, store }) };
      },
      calls: [({ operation }) => operation('a'), ({ operation }) => operation('a')],
      invariant: ({ holds }) => expect(holds).to.have.length(1),
      faults: 0,
    });
  });
});

describe('chance in a crash test', function () {
  this.timeout(60_000);

  it('is drawn by its seed', async () => {
    const drawn = async (seed: number) => {
      const seen: unknown[] = [];
      await crashTest({
        ...doing(() => {
          const numbers = crypto.getRandomValues(new Uint16Array(2));
          const uuid = randomUUID();
          expect(uuid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
          expect(randomInt(5, 7)).to.be.within(5, 6);
          seen.push(
            uuid,
            crypto.randomUUID(),
            Math.random(),
            [...numbers],
            randomInt(1_000_000),
            randomBytes(8).toString('hex'),
          );
        }),
        seed,
      });
      return seen;
    };
    const first = await drawn(1);
    expect(await drawn(1)).to.deep.equal(first);
    expect((await drawn(2))[0]).to.not.equal(first[0]);
    expect(first[0]).to.not.equal(first[1]);
  });

  it('is that of the system outside of it', async () => {
    const inside: string[] = [];
    const test = crashTest(doing(() => inside.push(randomUUID())));
    await pause(5);
    const outside = [randomUUID(), randomUUID()];
    await test;
    expect(new Set([...outside, ...inside]).size).to.be.greaterThan(2);
    expect(inside).to.not.include.members(outside);
  });
});

describe('what a crash test cannot see', function () {
  this.timeout(60_000);
  let server: Server;
  let echo: ReturnType<typeof createTcpServer>;
  let socket: Socket;
  let port: number;
  const agent = new Agent({ keepAlive: true });

  before(async () => {
    server = createServer((_request, response) => response.end('pong'));
    echo = createTcpServer((connection) => connection.pipe(connection));
    for (const each of [server, echo])
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    socket = connect((echo.address() as AddressInfo).port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    await ask();
  });
  after(() => {
    agent.destroy();
    socket.destroy();
    echo.close();
    server.close();
    server.closeAllConnections();
  });

  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const request = get({ port, host: '127.0.0.1', agent }, (response) => {
        response.resume();
        response.on('end', resolve);
      });
      request.on('error', reject);
    });

  const reaching: readonly (readonly [what: string, reach: () => Promise<unknown>, says: RegExp])[] = [
    [
      'a file',
      () => readFile('package.json'),
      /reaches a file by readFile\(\), in .*real-work\.spec.*effect\('readFile', readFile\)/,
    ],
    [
      'fetch',
      async () => (await fetch(`http://127.0.0.1:${port}`)).text(),
      /reaches a connection by fetch\(\), in .*real-work\.spec.*effect\('fetch', fetch\)/,
    ],
    [
      'a connection that an agent has kept',
      () => ask(),
      /reaches a connection by get\(\), in .*real-work\.spec/,
    ],
    [
      'a connection that was open',
      () =>
        new Promise((resolve) => {
          socket.once('data', resolve);
          socket.write('ping');
        }),
      /waited for something that is neither wrapped nor simulated.*effect\('db\.query'/,
    ],
    [
      'a timer that was taken before',
      () => new Promise((resolve) => capturedTimer(resolve, 5)),
      /starts a real timer, in .*real-work\.spec/,
    ],
  ];

  for (const [what, reach, says] of reaching)
    it(`is refused, with the line that wraps it: ${what}`, async () => {
      const error = await rejection(crashTest(doing(reach)));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect((error as Error).message).to.match(says);
    });

  it('is done where it is wrapped', async () => {
    let answers = 0;
    await crashTest({
      setUp: ({ store, effect }) => {
        const fetched = effect('server.get', async () => (await fetch(`http://127.0.0.1:${port}`)).text());
        return makeIdempotent(fetched, { name: 'gets', key: () => 'one', store });
      },
      calls: [(operation) => operation()],
      invariant: (_made, [end]) => {
        expect(end).to.have.property('value', 'pong');
        answers += 1;
      },
      faults: 1,
    });
    expect(answers).to.be.greaterThan(3);
  });

  it('is a call that never ends, with its story', async () => {
    const error = await rejection(crashTest(doing(() => new Promise(() => {}))));
    expect((error as Error).message)
      .to.match(/call 1 never ended/)
      .and.to.include('call 1 claimed the key');
  });

  it('is what decides where setUp has not made it: the test says so', async () => {
    let histories = 0;
    const error = await rejection(
      crashTest({
        setUp: ({ effect }) => {
          histories += 1;
          return effect('log.note', () => {});
        },
        calls: [async (note) => void (histories === 4 ? 0 : await note())],
        invariant: () => {},
      }),
    );
    expect(error).to.be.instanceOf(ConfigurationError);
    expect((error as Error).message).to.match(
      /took another turn .* at step \d+ there was "call 1: log\.note/,
    );
  });
});
