import { type RedisClient, RedisStore } from 'retrysafe/redis';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { pending } from '../../support/pending.js';
import { type Address, type RedisClients, useRedisClients } from '../../support/redis-clients.js';
import { RedisServer } from '../../support/redis-server.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { type Pattern, TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';
import {
  type Fate,
  fates,
  overTcp,
  Scene,
  type SceneTime,
  tell,
  titleOf,
  type WriteKind,
} from '../matrix/lost-answers.js';

/** How a write of a `RedisStore` is told on its way: a claim ends with a time, another one with the token that it follows. */
const commands = {
  claim: /"status":"in-progress".*\r\n\$13\r\n\d{13}\r\n$/s,
  renewal: /\r\n([\w-]{16})\.\d+\r\n.*"status":"in-progress".*\r\n\1\.\d+\r\n$/s,
  'take-over': /\r\n([\w-]{16})\.\d+\r\n.*"status":"in-progress".*\r\n(?!\1)[\w-]{16}\.\d+\r\n$/s,
  completion: /"status":"completed"/,
  release: /"status":"released"/,
} as const satisfies Partial<Record<WriteKind, Pattern>>;

/** Clients as the document sets them up: each gives up a connection that does not answer. */
const redisClients: Readonly<
  Record<string, (clients: RedisClients, address: Address) => Promise<RedisClient>>
> = {
  'ioredis, which sends again by itself': (clients, address) =>
    clients.ioredis(address, { socketTimeout: 1_000, maxRetriesPerRequest: 3 }),
  'ioredis that does not send again': (clients, address) =>
    clients.ioredis(address, { socketTimeout: 1_000, autoResendUnfulfilledCommands: false }),
  'Valkey GLIDE': (clients, address) => clients.glide([address], { requestTimeout: 1_000 }),
  'redis (node-redis)': (clients, address) =>
    clients.nodeRedis(address, { socket: { socketTimeout: 1_000, reconnectStrategy: () => 50 } }),
};

/** GLIDE gives up a command after its time-out, but never a connection that is silent. */
const fatesOf = (client: string): readonly Fate[] =>
  client === 'Valkey GLIDE' ? ['lose', 'late'] : Object.values(fates);

/** Time as it passes, since the clients' own time-outs are part of it. */
const realTime: Omit<SceneTime, 'renewed'> = {
  // Renewed at 2 s, lapses at 6 s, taken over from 6.1 s on. A store call is given up after 2 s.
  options: { lease: 6, clockTolerance: 0.1, wait: 10 },
  until: (promise) => promise,
  abandon: async ({ elsewhere, operation }) => {
    const dying = new ScriptedStore(elsewhere).always('replace', 'hang');
    const started = defer();
    const work = async () => {
      started.resolve();
      return new Promise(() => {});
    };
    operation(dying, work, { lease: 3 })('a').catch(started.reject);
    await started.promise;
  },
};

describe('a command of RedisStore that goes wrong', function () {
  this.timeout(40_000);
  const clients = useRedisClients();
  const proxies: TcpProxy[] = [];
  const told = new Map<string, Promise<unknown>>();
  let server: RedisServer;
  let elsewhere: RedisStore;

  // All stories happen at once.
  before(async function () {
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    server = await RedisServer.start();
    elsewhere = new RedisStore({ client: await clients.ioredis(server) });
    await deployable()(elsewhere, async () => {})('to load the scripts');
    for (const name of Object.keys(redisClients))
      for (const kind of Object.keys(commands) as (keyof typeof commands)[])
        for (const fate of fatesOf(name)) {
          const end = tellBy(name, kind, fate);
          end.catch(() => {});
          told.set(`${name} ${kind} ${fate}`, end);
        }
  });
  after(async () => {
    for (const proxy of proxies) await proxy.stop();
    await server?.stop();
  });

  async function tellBy(name: string, kind: keyof typeof commands, fate: Fate): Promise<void> {
    const proxy = new TcpProxy(server);
    proxies.push(proxy);
    await proxy.start();
    const client = await redisClients[name]?.(clients, proxy.endpoint);
    const store = new RedisStore({ client: client as RedisClient });
    const network = overTcp(proxy, commands);
    // The second renewal tells: by then the first lease would have been halfway through.
    const renewed = () =>
      until('it was renewed after all', () =>
        proxy.of(commands.renewal).some(({ isAnswered }, index) => index > 0 && isAnswered),
      );
    await tell(new Scene(store, elsewhere, network, { ...realTime, renewed }), kind, fate);
  }

  for (const name of Object.keys(redisClients)) {
    describe(`by ${name}`, () => {
      for (const kind of Object.keys(commands) as (keyof typeof commands)[]) {
        for (const [what, fate] of Object.entries(fates)) {
          if (!fatesOf(name).includes(fate)) continue;
          it(`${titleOf(kind)} that ${what}: each call runs once, and its outcome stands`, async () => {
            await told.get(`${name} ${kind} ${fate}`);
          });
        }
      }
    });
  }
});
