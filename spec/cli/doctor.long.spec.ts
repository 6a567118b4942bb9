import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { tableDefinition } from 'retrysafe/dynamodb';
import { schema } from 'retrysafe/postgres';
import { clockFinding, type Finding } from '#cli/doctor/finding.js';
import { useDynamoDB } from '../support/dynamodb.js';
import { usePostgres } from '../support/postgres.js';
import { RedisServer } from '../support/redis-server.js';
import { fakeTime } from '../support/time.js';
import { ServiceFolder } from './retrysafe-command.js';

describe('retrysafe doctor', () => {
  let folder: ServiceFolder;

  before(() => {
    folder = new ServiceFolder();
  });
  after(() => folder.remove());

  /** What it finds that is not as it should be, and its exit code. */
  async function findings(address: string, env: Readonly<Record<string, string>> = {}) {
    const { code, stdout, stderr } = await folder.run(['doctor', '--store', address, '--json'], env);
    expect(stderr).to.equal('');
    const all = JSON.parse(stdout) as Finding[];
    return { code, all, faults: all.filter(({ is }) => is !== 'ok') };
  }

  describe('on PostgreSQL', () => {
    const postgres = usePostgres();
    before(function () {
      postgres.needsServer(this);
    });

    function addressOf(table: string, more: (url: URL) => void = () => {}): string {
      const url = new URL(postgres.url);
      url.searchParams.set('table', table);
      more(url);
      return url.href;
    }

    it('finds nothing to do about a table as it should be', async () => {
      const table = postgres.tableName();
      await postgres.query(schema(table));
      const { code, all, faults } = await findings(addressOf(table));
      expect(faults).to.deep.equal([]);
      expect(code).to.equal(0);
      expect(all.map(({ what }) => what)).to.deep.equal([
        ...['server', 'writes', 'isolation', 'encoding'],
        ...['table', 'index', 'permissions', 'expired records', 'clock'],
      ]);
    });

    it('finds that there is no table', async () => {
      const { code, faults } = await findings(addressOf(postgres.tableName()));
      expect(code).to.equal(1);
      expect(faults[0]).to.deep.include({ what: 'table', is: 'problem' });
      expect(faults[0]?.remedy).to.include('retrysafe schema postgres');
    });

    it('finds a table of an earlier version, of another program, and without its indexes', async () => {
      const earlier = postgres.tableName();
      await postgres.query(
        `CREATE TABLE "${earlier}" (key text PRIMARY KEY, token text, expires_at bigint, state text)`,
      );
      const ofEarlier = await findings(addressOf(earlier));
      expect(ofEarlier.code).to.equal(0);
      expect(ofEarlier.faults.map(({ found }) => found).join()).to.match(
        /no column expires_hour.*no column outcome_bytes.*no column is_unknown.*no index is on the expiry/,
      );
      const foreign = postgres.tableName();
      await postgres.query(`CREATE TABLE "${foreign}" (id text)`);
      expect((await findings(addressOf(foreign))).faults[0]?.found).to.include(
        'has no key, token, expires_at, state',
      );
      const bare = postgres.tableName();
      await postgres.query(`${schema(bare)}; DROP INDEX "${bare}_is_unknown"`);
      expect((await findings(addressOf(bare))).faults[0]?.found).to.include('no index finds unknown keys');
    });

    it('finds what a user may not do, and sessions that fail', async () => {
      const table = postgres.tableName();
      const role = `reader_${table.replaceAll(/\W/g, '_')}`;
      await postgres.query(
        `${schema(table)}; CREATE ROLE "${role}" LOGIN PASSWORD 'x'; GRANT SELECT, INSERT ON "${table}" TO "${role}"`,
      );
      try {
        const asReader = await findings(
          addressOf(table, (url) => {
            url.username = role;
            url.password = 'x';
            url.searchParams.set(
              'options',
              '-c default_transaction_isolation=serializable -c default_transaction_read_only=on',
            );
          }),
        );
        expect(asReader.code).to.equal(1);
        expect(asReader.faults.map(({ what }) => what)).to.deep.equal(['writes', 'isolation', 'permissions']);
        expect(asReader.faults[2]).to.deep.include({ found: 'the user lacks UPDATE, DELETE' });
      } finally {
        await postgres.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
      }
    });

    it('finds records that nobody removes', async () => {
      const table = postgres.tableName();
      await postgres.query(`${schema(table)}; INSERT INTO "${table}" VALUES ('k', 'a.1', 5, '{}')`);
      const { faults } = await findings(addressOf(table));
      expect(faults.map(({ found, remedy }) => `${found}: ${remedy}`)).to.deep.equal([
        '1 have expired for more than a day: call removeExpired() regularly: the table grows without it',
      ]);
    });

    it('finds a server that does not answer', async () => {
      const { code, faults } = await findings('postgres://nobody:x@127.0.0.1:1/none');
      expect(code).to.equal(1);
      expect(faults[0]).to.include({ what: 'server', is: 'problem' });
      expect(JSON.stringify(faults)).not.to.include(':x@');
    });
  });

  describe('on Redis', () => {
    let server: RedisServer;

    before(async function () {
      this.timeout(20_000);
      if (!RedisServer.isInstalled) this.skip();
      server = await RedisServer.start({
        settings: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' },
      });
    });
    after(() => server?.stop());

    it('finds that records may be dropped, and lost with the server', async () => {
      const { code, faults } = await findings(`redis://${server.host}:${server.port}`);
      expect(code).to.equal(1);
      expect(faults.map(({ what, is }) => [what, is])).to.deep.equal([
        ['eviction', 'problem'],
        ['durability', 'advice'],
      ]);
    });
  });

  describe('on DynamoDB', () => {
    const dynamodb = useDynamoDB();
    const env = { AWS_ACCESS_KEY_ID: 'embedded', AWS_SECRET_ACCESS_KEY: 'embedded' };
    const addressOf = (table: string, more = '') =>
      `dynamodb:${table}?region=eu-west-1&endpoint=${encodeURIComponent(dynamodb.endpoint)}${more}`;

    it('finds that there is no table, or one with another key', async () => {
      const none = await findings(addressOf('none-such'), env);
      expect(none.code).to.equal(1);
      expect(none.faults.map(({ found }) => found)).to.deep.equal([
        'there is no table "none-such" in the client\'s account and region',
      ]);
      const table = await dynamodb.createTable();
      const other = await findings(addressOf(table, '&keyAttribute=pk'), env);
      expect(other.faults[0]?.found).to.include('has the key id, and the options say pk');
    });

    it('finds a table without TTL and without the index', async () => {
      const { createTable } = tableDefinition({ tableName: `doctor-${Date.now()}` });
      const { GlobalSecondaryIndexes: _, ...without } = createTable;
      const AttributeDefinitions = without.AttributeDefinitions?.slice(0, 1);
      await dynamodb.client().send(new CreateTableCommand({ ...without, AttributeDefinitions }));
      const { code, faults } = await findings(addressOf(createTable.TableName as string), env);
      expect(code).to.equal(1);
      expect(faults.map(({ what, is }) => [what, is])).to.deep.equal([
        ['index', 'advice'],
        ['TTL', 'problem'],
      ]);
    });
  });

  describe('on clocks', () => {
    it('tells by how much that of the server differs, as far as it can be known', async () => {
      const clock = fakeTime(1_000_000);
      const answering = (laterMs: number, server: number) => async () => {
        clock.setSystemTime(1_000_000 + laterMs);
        const at = server;
        return at;
      };
      expect(await clockFinding(answering(300, 1_000_200))).to.deep.include({ is: 'ok' });
      clock.setSystemTime(1_000_000);
      expect(await clockFinding(answering(300, 1_000_790))).to.include({
        is: 'ok',
        found: 'the server is 490 ms ahead',
      });
      clock.setSystemTime(1_000_000);
      expect(await clockFinding(answering(300, 1_000_900))).to.include({
        is: 'problem',
        found: 'the server is 600 ms ahead',
      });
      clock.setSystemTime(1_000_000);
      expect(await clockFinding(answering(0, 998_000))).to.include({
        is: 'problem',
        found: 'the server is 2000 ms behind',
      });
      clock.setSystemTime(1_000_000);
      expect(await clockFinding(answering(0, 998_900), 1_000)).to.include({ is: 'ok' });
      clock.restore();
    });
  });
});
