import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { loadedBy } from './loaded.js';

const lib = fileURLToPath(new URL('../../../../lib/', import.meta.url));

/** How many bytes of ours a service gets that imports all of these, minified. */
async function ownBytes(...entries: readonly string[]): Promise<number> {
  const contents = entries.map((entry) => `export * from ${JSON.stringify(lib + entry)};`).join('\n');
  const { metafile } = await build({
    stdin: { contents, resolveDir: lib },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    packages: 'external',
    write: false,
    metafile: true,
    outfile: 'bundle.js',
  });
  const [output] = Object.values(metafile.outputs);
  return Object.values(output?.inputs ?? {}).reduce((sum, { bytesInOutput }) => sum + bytesInOutput, 0);
}

describe('our own code, minified', () => {
  // A little above what it is: who adds more than that should know, and say what for. `npm run bench:size` tells where.
  it('is no more than 128 kB for the root', async () => {
    expect(await ownBytes('index.ts')).to.be.within(30_000, 128_000);
  });

  it('is no more than 137 kB with the DynamoDB store', async () => {
    expect(await ownBytes('index.ts', 'stores/dynamodb/index.ts')).to.be.within(40_000, 137_000);
  });
});

const nothing = { jmespath: false, devalue: false, zlib: false };
// Names, an index, a header, several parts: what most keys are made of.
const paths = [
  'id',
  'body."order-id"',
  'items[0].id',
  "[header('Idempotency-Key'), body.id]",
  '{a: b.c}',
  '@',
];

for (const form of ['esm', 'cjs'] as const) {
  describe(`what the ${form} form loads`, function () {
    this.timeout(20_000);

    it('is neither JMESPath nor devalue nor zlib, where keys are plain paths and results plain JSON', async () => {
      const work = `
        for (const key of ${JSON.stringify(paths)}) makeIdempotent(async () => 1, { name: 'pay', key });
        const pay = makeIdempotent(async () => ({ paid: true }), { name: 'pay', key: 'id' });
        await pay({ id: 1 });
        await pay({ id: 1 });`;
      expect(await loadedBy(form, work)).to.deep.equal(nothing);
    });

    it('is JMESPath for retrysafe/jmespath, and not for an expression that is refused without it', async () => {
      const refused = `
        try { makeIdempotent(async () => 1, { name: 'pay', key: 'items[].id' }); } catch { return; }
        throw new Error('the expression is not refused');`;
      expect(await loadedBy(form, refused)).to.deep.equal(nothing);
      const work = `
        await load('jmespath/index.js');
        makeIdempotent(async () => 1, { name: 'pay', key: 'items[].id' });`;
      expect(await loadedBy(form, work)).to.deep.equal({ ...nothing, jmespath: true });
    });

    it('is devalue for a result that is no plain JSON', async () => {
      const work = `
        const pay = makeIdempotent(async () => new Date(0), { name: 'pay', key: 'id' });
        await pay({ id: 1 });
        if (!((await pay({ id: 1 })) instanceof Date)) throw new Error('the Date is none');`;
      expect(await loadedBy(form, work)).to.deep.equal({ ...nothing, devalue: true });
    });

    it('is zlib for an expression that unzips', async () => {
      const work = `
        await load('jmespath/index.js');
        const { gzipSync } = await import('node:zlib');
        const zipped = gzipSync('7').toString('base64');
        const pay = makeIdempotent(async () => 1, { name: 'pay', key: 'base64_gzip(id)' });
        await pay({ id: zipped });`;
      expect(await loadedBy(form, work)).to.deep.equal({ ...nothing, jmespath: true, zlib: true });
    });
  });
}
