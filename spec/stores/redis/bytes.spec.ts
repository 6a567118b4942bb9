import { expect } from 'chai';
import type { IdempotencyRecord } from 'retrysafe';
import { RedisStore } from 'retrysafe/redis';
import { randomBytes, recordOfBytes, recordOfRun } from '../../support/bytes.js';
import { useRedis } from '../../support/redis.js';
import { clientsOfServer, unusualClientsOfServer, useRedisClients } from '../../support/redis-clients.js';

/** What a hash has besides the bytes. */
const HEAD_BYTES = 500;

describe('bytes of an outcome in a hash of Redis', () => {
  const redis = useRedis();
  const clients = useRedisClients();
  let prefix: string;
  let plain: Awaited<ReturnType<typeof redis.ioredis>>;

  before(async () => {
    prefix = redis.prefix();
    plain = await redis.ioredis();
  });

  async function storeBy(kind: string, names = prefix): Promise<RedisStore> {
    const make = { ...clientsOfServer, ...unusualClientsOfServer }[kind] ?? expect.fail(kind);
    return new RedisStore({ client: await make(clients, redis), prefix: names });
  }

  async function sizeOf(name: string): Promise<number> {
    const fields = await plain.hkeys(name);
    const lengths = await Promise.all(fields.map((field) => plain.hstrlen(name, field)));
    return lengths.reduce((sum, length) => sum + length, fields.join('').length);
  }

  /** Expects that a store returns a record: to both kinds of reads, and to a claim and a replace that lose. */
  async function expectFound(record: IdempotencyRecord, by: RedisStore): Promise<void> {
    expect(await by.find(record.key)).to.deep.equal(record);
    expect(await by.find(record.key, { consistent: true })).to.deep.equal(record);
    expect(await by.claim(recordOfRun(record.key), Date.now())).to.deep.equal(record);
    expect(await by.replace(recordOfRun(record.key), 'another.1')).to.deep.equal(record);
  }

  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const isFunction = (kind: string) => kind.startsWith('a function');

  for (const kind of Object.keys({ ...clientsOfServer, ...unusualClientsOfServer })) {
    it(`are written by ${kind} so that each other client reads them`, async () => {
      const writer = await storeBy(kind);
      const [other, asText] = [await storeBy('redis (node-redis)'), await storeBy('a function')];
      for (const [what, bytes] of Object.entries({ random: randomBytes(3_000), everyByte })) {
        const record = recordOfBytes(`${what} by ${kind}`, bytes);
        expect(await writer.claim(record, Date.now())).to.deep.equal(record);
        // One with a prefix of its own writes under other names.
        const readers = kind.includes('keyPrefix') ? [writer] : [writer, other, asText];
        for (const reader of readers) await expectFound(record, reader);
      }
    });
  }

  for (const kind of Object.keys(clientsOfServer).filter((kind) => !isFunction(kind))) {
    it(`take as much as they are, and not a third more, by ${kind}`, async () => {
      const store = await storeBy(kind);
      const key = `100,000 by ${kind}`;
      await store.claim(recordOfBytes(key, randomBytes(100_000)), Date.now());
      expect(await sizeOf(prefix + key)).to.be.within(100_000, 101_000 + HEAD_BYTES);
      const fields = await plain.hkeys(prefix + key);
      expect(fields).to.have.members(['token', 'expiresAt', 'state']);
      // The allocator's next size: as base64 it would be 160 KB.
      expect(await plain.memory('USAGE', prefix + key)).to.be.below(116_000);
    });
  }

  it('stay in the text where a function sends the commands, which takes texts', async () => {
    const store = await storeBy('a function');
    const record = recordOfBytes('by a function', randomBytes(3_000));
    await store.claim(record, Date.now());
    const state = JSON.parse((await plain.hget(`${prefix}by a function`, 'state')) ?? '');
    expect(state).to.deep.equal(record.state);
  });

  it('are gone when a record without any takes the place', async () => {
    const store = await storeBy('ioredis');
    const record = recordOfBytes('replaced', randomBytes(3_000));
    await store.claim(record, Date.now());
    await store.replace(recordOfRun('replaced'), record.token);
    expect(await sizeOf(`${prefix}replaced`)).to.be.below(HEAD_BYTES);
  });

  it('are of no use to a function that reads them after they are gone, which gets what is there', async () => {
    const store = await storeBy('ioredis');
    const record = recordOfBytes('gone', randomBytes(3_000));
    await store.claim(record, Date.now());
    const client = await redis.ioredis();
    const removing = new RedisStore({
      prefix,
      client: async ([command = '', ...args]) => {
        const reply = await client.call(command, ...args);
        await plain.del(`${prefix}gone`);
        return reply;
      },
    });
    const found = await removing.find('gone');
    expect(found).to.include({ token: record.token });
    expect(found?.state).to.have.property('outcome').that.has.all.keys('kind', 'head');
  });

  it('make a record that an earlier version cannot read, and can take over when it has expired', async () => {
    // The script of an earlier version, whose records are hashes of three fields, too.
    const store = await storeBy('ioredis');
    await store.claim(recordOfBytes('earlier', randomBytes(3_000)), Date.now());
    expect(await plain.hlen(`${prefix}earlier`)).to.equal(3);
    const state = String(await plain.hget(`${prefix}earlier`, 'state'));
    expect(() => JSON.parse(state)).to.throw(SyntaxError);
  });
});
