import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createClient, createClientPool, createSentinel } from 'redis';
import { ConfigurationError } from 'retrysafe';
import { RedisStore } from 'retrysafe/redis';
import { thrown } from '../../support/rejection.js';

interface Wrong {
  readonly value: unknown;
  /** How the message shows the value. */
  readonly shown: string;
  readonly right: RegExp;
  /** What else is given. */
  readonly beside?: object;
}

const wrong = (value: unknown, shown: string, right: RegExp, beside: object = {}): Wrong => ({
  value,
  shown,
  right,
  beside,
});

const aClient =
  /^a client of ioredis, redis \(node-redis\) or Valkey GLIDE, or a function \(command: string\[\]\) => Promise$/;
const replicas = /^a number of replicas, 0 or more$/;
const oneConnection =
  /^0 with a pool or sentinel, which may send two commands on two connections; pass a single or cluster client$/;
const aSubscriber =
  /^a connection of ioredis or redis \(node-redis\), or an object \{ subscribe\(channel, listener\), unsubscribe\(channel, listener\) \}$/;
const another =
  /^a second connection, such as client\.duplicate\(\): a connection that subscribes can do nothing else$/;

// None of them is connected.
const ioredis = new Redis({ lazyConnect: true, password: 'hunter2' });
const nodeRedis = createClient({ password: 'hunter2' });
const pool = createClientPool({ password: 'hunter2' });
const sentinel = createSentinel({ name: 'primary', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] });
const glide = { customCommand: async () => null, subscribe: async () => {}, unsubscribe: async () => {} };
const subscriber = { subscribe: async () => {}, unsubscribe: async () => {} };

const right = { client: async () => null };

const table: Record<string, readonly Wrong[]> = {
  client: [
    wrong(undefined, 'undefined', aClient),
    wrong(null, 'null', aClient),
    wrong({}, 'an object', aClient),
    wrong('redis://:hunter2@10.0.0.1', 'a text of 25 characters', aClient),
    wrong({ get() {}, set() {} }, 'an object', aClient),
    wrong(subscriber, 'an object', aClient),
    // These have what a client has, and do not send it.
    wrong(Redis, 'the class Redis', aClient),
    wrong(ioredis.pipeline(), 'an instance of Pipeline', aClient),
    wrong(ioredis.multi(), 'an instance of Pipeline', aClient),
  ],
  prefix: [
    wrong(null, 'null', /^a string$/),
    wrong(5, '5', /^a string$/),
    wrong(['orders'], 'a list of 1', /^a string$/),
  ],
  waitReplicas: [
    wrong(-1, '-1', replicas),
    wrong(1.5, '1.5', replicas),
    wrong(Number.NaN, 'NaN', replicas),
    wrong(Number.POSITIVE_INFINITY, 'Infinity', replicas),
    wrong('1', 'a text of 1 character', replicas),
    wrong(null, 'null', replicas),
    wrong(1, '1', oneConnection, { client: pool }),
    wrong(1, '1', oneConnection, { client: sentinel }),
  ],
  subscriber: [
    wrong(null, 'null', aSubscriber),
    wrong({}, 'an object', aSubscriber),
    wrong({ subscribe() {} }, 'an object', aSubscriber),
    wrong(right.client, 'an async function', aSubscriber),
    wrong(glide, 'an object', aSubscriber),
    wrong(ioredis, 'an instance of EventEmitter', another, { client: ioredis }),
  ],
};

function refusal(give: () => unknown): string {
  const error = thrown(give);
  expect(error).to.be.instanceOf(ConfigurationError);
  return (error as Error).message;
}

const give = (given: unknown) => new RedisStore(given as never);

describe('wrong options of RedisStore', () => {
  for (const [option, values] of Object.entries(table)) {
    it(`says at once what would be right for \`${option}\``, () => {
      for (const { value, shown, right: isRight, beside } of values) {
        const message = refusal(() => give({ ...right, ...beside, [option]: value }));
        const begins = `RedisStore: option "${option}" is ${shown}; expected `;
        expect(message.startsWith(begins), `${message}, which should begin: ${begins}`).to.equal(true);
        expect(message.slice(begins.length)).to.match(isRight);
      }
    });
  }

  it('refuses one connection of node-redis for both, whose kind Redis lets do both', () => {
    expect(refusal(() => give({ client: nodeRedis, subscriber: nodeRedis }))).to.match(/second connection/);
  });

  it('refuses an unknown option, and lists the known ones', () => {
    for (const unknown of ['keyPrefix', 'Client', 'constructor', 'toString']) {
      const message = refusal(() => give({ ...right, [unknown]: 3 }));
      expect(message).to.match(
        new RegExp(`^RedisStore: there is no option "${unknown}" \\(it is 3\\); the options are `),
      );
      const known = message.slice(message.indexOf('the options are ') + 16).split(', ');
      expect(known).to.have.members(Object.keys(table));
    }
  });

  it('refuses what are no options at all', () => {
    for (const given of [undefined, null, 'redis', 5, ioredis]) {
      expect(refusal(() => give(given))).to.match(
        /the options are .*; expected \{ client \}$|"client" is undefined|there is no option/,
      );
    }
  });

  it('takes an option that is undefined as one that is not given', () => {
    const optional = Object.keys(table).filter((option) => option !== 'client');
    give({ ...right, ...Object.fromEntries(optional.map((option) => [option, undefined])) });
  });

  it('shows no more than a glimpse of the value', () => {
    const given = { secret: 'hunter2', nested: { secret: 'hunter2' } };
    for (const option of Object.keys(table)) {
      expect(refusal(() => give({ ...right, [option]: given }))).not.to.contain('hunter2');
    }
    expect(refusal(() => give({ ...right, clint: given }))).not.to.contain('hunter2');
    expect(refusal(() => give({ client: pool, waitReplicas: 1 }))).not.to.contain('hunter2');
    expect(refusal(() => give({ client: ioredis, subscriber: ioredis }))).not.to.contain('hunter2');
    expect(refusal(() => give(ioredis))).not.to.contain('hunter2');
  });

  it('shows nothing of an address that is given in place of a client, since it may have a password', () => {
    for (const option of ['client', 'subscriber']) {
      const message = refusal(() => give({ ...right, [option]: 'redis://app:hunter2@10.0.0.1' }));
      expect(message)
        .to.contain(`option "${option}" is a text of 28 characters; expected`)
        .and.not.contain('hunter2');
    }
  });
});

describe('options of RedisStore', () => {
  it('are right in each way that makes sense', () => {
    for (const given of [
      right,
      { client: ioredis },
      { client: nodeRedis },
      { client: pool },
      { client: sentinel },
      { client: glide },
      { ...right, prefix: '' },
      { ...right, waitReplicas: 0 },
      { client: pool, waitReplicas: 0 },
      { client: ioredis, waitReplicas: 1 },
      { client: nodeRedis, waitReplicas: 2 },
      { ...right, subscriber },
      { client: ioredis, subscriber: ioredis.duplicate() },
      { client: nodeRedis, subscriber: nodeRedis.duplicate() },
    ]) {
      give(given);
    }
  });
});
