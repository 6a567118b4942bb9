import { expect } from 'chai';
import { currentExecution, InProgressError } from 'retrysafe';
import { type RedisClient, RedisStore } from 'retrysafe/redis';
import { type Deferred, defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { pending } from '../../support/pending.js';
import { type Address, type RedisClients, useRedisClients } from '../../support/redis-clients.js';
import { RedisServer } from '../../support/redis-server.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { type Pattern, type TcpFate, TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';

// Renewed at 2 s, lapses at 6 s, taken over from 6.1 s on. A store call is given up after 2 s.
const options = { lease: 6, clockTolerance: 0.1, wait: 10 } as const;

const fates = {
  'is applied and its answer is lost': 'lose',
  'is cut off and arrives after later writes': 'late',
  'is held back, given up, and arrives after later writes': 'hold',
  'is never answered': 'hang',
  'is applied and never answered': 'swallow',
} as const satisfies Record<string, TcpFate>;

/** GLIDE gives up a command after its time-out, but never a connection that is silent. */
const fatesOf = (name: string): readonly TcpFate[] =>
  name === 'Valkey GLIDE' ? ['lose', 'late'] : Object.values(fates);

/** What a write looks like on its way: a claim ends with a time, another one with the token that it follows. */
const kinds = {
  claim: /"status":"in-progress".*\r\n\$13\r\n\d{13}\r\n$/s,
  renewal: /\r\n([\w-]{16})\.\d+\r\n.*"status":"in-progress".*\r\n\1\.\d+\r\n$/s,
  'take-over': /\r\n([\w-]{16})\.\d+\r\n.*"status":"in-progress".*\r\n(?!\1)[\w-]{16}\.\d+\r\n$/s,
  completion: /"status":"completed"/,
  release: /"status":"released"/,
} as const satisfies Record<string, Pattern>;
type Kind = keyof typeof kinds;

/** Clients as the document sets them up: each gives up a connection that does not answer. */
const connected: Readonly<Record<string, (clients: RedisClients, address: Address) => Promise<RedisClient>>> =
  {
    'ioredis, which sends again by itself': (clients, address) =>
      clients.ioredis(address, { socketTimeout: 1_000, maxRetriesPerRequest: 3 }),
    'ioredis that does not send again': (clients, address) =>
      clients.ioredis(address, { socketTimeout: 1_000, autoResendUnfulfilledCommands: false }),
    'Valkey GLIDE': (clients, address) => clients.glide([address], { requestTimeout: 1_000 }),
    'redis (node-redis)': (clients, address) =>
      clients.nodeRedis(address, { socket: { socketTimeout: 1_000, reconnectStrategy: () => 50 } }),
  };

/** One client behind a network of its own, one operation, one key. */
class Story {
  readonly proxy: TcpProxy;
  readonly runs: string[] = [];
  readonly operation = deployable(options);
  key = '';

  constructor(
    readonly store: RedisStore,
    readonly elsewhere: RedisStore,
    proxy: TcpProxy,
  ) {
    this.proxy = proxy;
  }

  /** Work that notes that it ran, and ends as `end` does. */
  work(end: () => Promise<unknown> = async () => `run ${this.runs.length}`) {
    return async () => {
      const execution = currentExecution();
      this.key = execution.key;
      this.runs.push(`attempt ${execution.attempt}`);
      return end();
    };
  }

  call(work = this.work()): Promise<unknown> {
    return this.operation(this.store, work)('a');
  }

  callElsewhere(work = this.work(), more: object = {}): Promise<unknown> {
    return this.operation(this.elsewhere, work, more)('a');
  }

  standing() {
    return this.elsewhere.find(this.key, { consistent: true });
  }
}

/** What happens to one request of each kind, while everything around it is as it should be. */
const stories: Record<Kind, (story: Story, fate: TcpFate) => Promise<void>> = {
  async claim(story, fate) {
    story.proxy.next(kinds.claim, fate);
    expect(await story.call()).to.equal('run 1');
    expect(story.runs).to.deep.equal(['attempt 1']);
  },

  async renewal(story, fate) {
    const end: Deferred<string> = defer();
    story.proxy.next(kinds.renewal, fate);
    const running = story.call(story.work(() => end.promise));
    // The second of them has told, by then the first lease would have been halfway through.
    await until('it was renewed after all', () =>
      story.proxy.of(kinds.renewal).some(({ isAnswered }, index) => index > 0 && isAnswered),
    );
    const duplicate = await rejection(story.callElsewhere(story.work(), { wait: 0 }));
    expect(duplicate).to.be.instanceOf(InProgressError);
    end.resolve('run 1');
    expect(await running).to.equal('run 1');
    expect(story.runs).to.deep.equal(['attempt 1']);
  },

  async completion(story, fate) {
    story.proxy.next(kinds.completion, fate);
    expect(await story.call()).to.equal('run 1');
    expect(story.runs).to.deep.equal(['attempt 1']);
  },

  async 'take-over'(story, fate) {
    // A process that claims the key and dies in the middle of its work.
    const dying = new ScriptedStore(story.elsewhere).always('replace', 'hang');
    const started = defer();
    story
      .operation(
        dying,
        async () => {
          started.resolve();
          return new Promise(() => {});
        },
        { lease: 3 },
      )('a')
      .catch(started.reject);
    await started.promise;
    story.proxy.next(kinds['take-over'], fate);
    expect(await story.call()).to.equal('run 1');
    expect(story.runs).to.deep.equal(['attempt 2']);
  },

  async release(story, fate) {
    const own = new Error('no money');
    story.proxy.next(kinds.release, fate);
    expect(await rejection(story.call(story.work(() => Promise.reject(own))))).to.equal(own);
    expect(await story.standing()).to.have.nested.property('state.status', 'released');
    expect(await story.callElsewhere()).to.equal('run 2');
    expect(story.runs).to.deep.equal(['attempt 1', 'attempt 2']);
  },
};

describe('a request to Redis that goes wrong', function () {
  this.timeout(40_000);
  const clients = useRedisClients();
  const proxies: TcpProxy[] = [];
  const told = new Map<string, Promise<unknown>>();
  let server: RedisServer;
  let elsewhere: RedisStore;

  // Time passes as it does, since the clients' own time-outs are part of it. So all stories happen at once.
  before(async function () {
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    server = await RedisServer.start();
    elsewhere = new RedisStore({ client: await clients.ioredis(server) });
    await deployable()(elsewhere, async () => {})('to load the scripts');
    for (const name of Object.keys(connected))
      for (const kind of Object.keys(kinds) as Kind[])
        for (const fate of fatesOf(name)) {
          const end = tell(name, kind, fate);
          end.catch(() => {});
          told.set(`${name} ${kind} ${fate}`, end);
        }
  });
  after(async () => {
    for (const proxy of proxies) await proxy.stop();
    await server?.stop();
  });

  async function tell(name: string, kind: Kind, fate: TcpFate): Promise<void> {
    const proxy = new TcpProxy(server);
    proxies.push(proxy);
    await proxy.start();
    const client = await connected[name]?.(clients, proxy.endpoint);
    const story = new Story(new RedisStore({ client: client as RedisClient }), elsewhere, proxy);
    await stories[kind](story, fate);
    expect(proxy.count(kinds[kind]), 'it was repeated').to.be.above(1);
    const before = await story.standing();
    expect(before).to.have.nested.property('state.status', 'completed');
    expect(proxy.held.length > 0).to.equal(fate === 'late' || fate === 'hold');
    while (proxy.held.length > 0) await proxy.deliver();
    expect(await story.standing()).to.deep.equal(before);
    expect(await story.callElsewhere()).to.equal(`run ${story.runs.length}`);
  }

  for (const name of Object.keys(connected)) {
    describe(`by ${name}`, () => {
      for (const kind of Object.keys(kinds) as Kind[]) {
        for (const [what, fate] of Object.entries(fates)) {
          if (!fatesOf(name).includes(fate)) continue;
          it(`a ${kind} that ${what}: each call runs once, and its outcome stands`, async () => {
            await told.get(`${name} ${kind} ${fate}`);
          });
        }
      }
    });
  }
});
