import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';

/** What a service has in its bundle that imports these names. */
async function bundleOf(imports: Readonly<Record<string, string>>): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: Object.entries(imports)
        .map(([from, names]) => `export { ${names} } from '${from}';`)
        .join('\n'),
      resolveDir: fileURLToPath(new URL('../../../../', import.meta.url)),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@aws-sdk/*'],
    write: false,
  });
  return String(outputFiles[0]?.text);
}

describe('a bundle with the PostgreSQL store', () => {
  it('contains no code of unused libraries', async () => {
    const postgres = 'retrysafe/postgres';
    const wrapper = /function from(Drizzle|Knex|Kysely|PostgresJs|Prisma|Sequelize|TypeORM)\(/g;
    expect((await bundleOf({ [postgres]: 'PostgresStore, schema' })).match(wrapper)).to.equal(null);
    expect((await bundleOf({ [postgres]: 'PostgresStore, fromKnex' })).match(wrapper)).to.deep.equal([
      'function fromKnex(',
    ]);
  });
});

describe('a bundle with the decorator and the DynamoDB store', () => {
  it('contains nothing of the other functions of the package', async () => {
    const others =
      /function (makeIdempotent|withReplayInfo|replayInfoOf|recordOf|recordOfKey|keyOf|configureIdempotency|IdempotencyDefaults|idempotentOperations|onIdempotencyEvent|tableDefinition)\(/g;
    const names = { retrysafe: 'Idempotent', 'retrysafe/dynamodb': 'DynamoDBStore' };
    expect((await bundleOf(names)).match(others)).to.equal(null);
    expect((await bundleOf({ retrysafe: 'keyOf' })).match(others)).to.deep.equal(['function keyOf(']);
  });
});
