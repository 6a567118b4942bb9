import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';

/** What a service has in its bundle that imports these names of the PostgreSQL store. */
async function bundleOf(names: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${names} } from 'retrysafe/postgres';`,
      resolveDir: fileURLToPath(new URL('../../../../', import.meta.url)),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  return String(outputFiles[0]?.text);
}

describe('a bundle with the PostgreSQL store', () => {
  it('contains no code of unused libraries', async () => {
    const wrapper = /function from(Drizzle|Knex|Kysely|PostgresJs|Prisma|Sequelize|TypeORM)\(/g;
    expect((await bundleOf('PostgresStore, schema')).match(wrapper)).to.equal(null);
    expect((await bundleOf('PostgresStore, fromKnex')).match(wrapper)).to.deep.equal(['function fromKnex(']);
  });
});
