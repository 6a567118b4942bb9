import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { loadedBy } from './loaded.js';

const lib = fileURLToPath(new URL('../../../../lib/', import.meta.url));
const dist = fileURLToPath(new URL('../../../../dist/', import.meta.url));

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

/** How large the benchmark's Lambda function is when it is bundled as its users do, without the AWS SDK. */
async function handlerBytes(): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../../../bench/size/handlers/retrysafe.ts', import.meta.url))],
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['@aws-sdk/*'],
    alias: {
      retrysafe: `${dist}esm/index.js`,
      'retrysafe/dynamodb': `${dist}esm/stores/dynamodb/index.js`,
    },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    write: false,
  });
  return outputFiles[0]?.contents.length ?? 0;
}

// A little above what it is: who adds more than that should know, and say what for. `npm run bench:size` tells where.
describe('our own code, minified', () => {
  it('is no more than 142 kB for the root', async () => {
    expect(await ownBytes('index.ts')).to.be.within(30_000, 142_000);
  });

  it('is no more than 152 kB with the DynamoDB store', async () => {
    expect(await ownBytes('index.ts', 'stores/dynamodb/index.ts')).to.be.within(40_000, 152_000);
  });
});

describe("the benchmark's handler, minified with its names kept and without the AWS SDK", () => {
  it('is no more than 178 kB', async () => {
    expect(await handlerBytes()).to.be.within(40_000, 178_000);
  });
});

const nothing = { crypto: false, jmespath: false, devalue: false, zlib: false };
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

    it('is at most five files, for a first call and its replay', async () => {
      const work = `
        const pay = makeIdempotent(async () => ({ paid: true }), { name: 'pay', key: 'id' });
        await pay({ id: 1 });
        await pay({ id: 1 });`;
      expect((await loadedBy(form, work)).files).to.be.within(1, 5);
    });

    it('is neither crypto before a call, nor JMESPath, devalue and zlib, where keys are plain paths and results plain JSON', async () => {
      const work = `
        for (const key of ${JSON.stringify(paths)}) makeIdempotent(async () => 1, { name: 'pay', key });
        const pay = makeIdempotent(async () => ({ paid: true }), { name: 'pay', key: 'id' });
        await pay({ id: 1 });
        await pay({ id: 1 });`;
      expect(await loadedBy(form, work)).to.include(nothing);
    });

    it('is JMESPath for retrysafe/jmespath, and not for an expression that is refused without it', async () => {
      const refused = `
        try { makeIdempotent(async () => 1, { name: 'pay', key: 'items[].id' }); } catch { return; }
        throw new Error('the expression is not refused');`;
      expect(await loadedBy(form, refused)).to.include(nothing);
      const work = `
        await load('jmespath/index.js');
        makeIdempotent(async () => 1, { name: 'pay', key: 'items[].id' });`;
      expect(await loadedBy(form, work)).to.include({ ...nothing, jmespath: true });
    });

    it('is devalue for a result that is no plain JSON', async () => {
      const work = `
        const pay = makeIdempotent(async () => new Date(0), { name: 'pay', key: 'id' });
        await pay({ id: 1 });
        if (!((await pay({ id: 1 })) instanceof Date)) throw new Error('the Date is none');`;
      expect(await loadedBy(form, work)).to.include({ ...nothing, devalue: true });
    });

    it('is zlib for an expression that unzips', async () => {
      const work = `
        await load('jmespath/index.js');
        const { gzipSync } = await import('node:zlib');
        const zipped = gzipSync('7').toString('base64');
        const pay = makeIdempotent(async () => 1, { name: 'pay', key: 'base64_gzip(id)' });
        await pay({ id: zipped });`;
      expect(await loadedBy(form, work)).to.include({ ...nothing, jmespath: true, zlib: true });
    });
  });
}
