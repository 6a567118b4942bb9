import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const { exports }: { exports: Readonly<Record<string, string | Conditions>> } = JSON.parse(
  readFileSync(`${root}package.json`, 'utf8'),
);
const subpaths = Object.entries(exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [{ subpath, esm: target.import.default, cjs: target.require.default }],
);

interface Conditions {
  readonly import: { readonly default: string };
  readonly require: { readonly default: string };
}

type Exports = Readonly<Record<string, unknown>>;

const imported = (file: string): Promise<Exports> => import(pathToFileURL(root + file).href);
const required = (file: string): Exports => createRequire(import.meta.url)(root + file);

describe('the two forms of the package', function () {
  this.timeout(20_000);

  for (const { subpath, esm, cjs } of subpaths) {
    it(`have the same names in ${subpath}, which an import of the CommonJS form finds, too`, async () => {
      const names = Object.keys(await imported(esm)).sort();
      // One is imported for what it does alone.
      expect(names.length > 0).to.equal(subpath !== './jmespath' && subpath !== './listing');
      expect(Object.keys(required(cjs)).sort()).to.deep.equal(names);
      expect(Object.keys(await imported(cjs))).to.include.members(names);
    });
  }

  it('share their configuration, and their errors are of one kind', async () => {
    const code = `
      const assert = require('node:assert');
      import(${JSON.stringify(pathToFileURL(`${root}dist/esm/index.js`).href)}).then(async (esm) => {
        const cjs = require(${JSON.stringify(`${root}dist/cjs/index.js`)});
        const store = new cjs.InMemoryStore();
        esm.configureIdempotency({ store });
        const pay = cjs.makeIdempotent(async () => 1, { name: 'pay', key: 'id' });
        await pay({ id: 1 });
        assert.equal(store.size, 1);
        await assert.rejects(pay({}), (error) => error instanceof esm.KeyError && error instanceof cjs.KeyError);
      });`;
    await run(process.execPath, ['--input-type=commonjs', '-e', code]);
  });

  for (const [form, load] of [
    ['esm', 'import(file)'],
    ['cjs', 'Promise.resolve(require(file))'],
  ] as const) {
    it(`have stack traces that lead to lib/ with --enable-source-maps: ${form}`, async () => {
      const code = `
        const file = ${JSON.stringify(`${root}dist/${form}/index.js`)};
        ${load}.then(({ makeIdempotent }) => { try { makeIdempotent(); } catch ({ stack }) { console.log(stack); } });`;
      const args = ['--enable-source-maps', '--input-type=commonjs', '-e', code];
      const { stdout } = await run(process.execPath, args);
      const [, file = '', line = ''] = /(lib\/decorator\/make-idempotent\.ts):(\d+)/.exec(stdout) ?? [];
      expect(file, stdout).not.to.equal('');
      const source = readFileSync(root + file, 'utf8').split('\n')[Number(line) - 1];
      expect(source).to.include('throw new ConfigurationError(');
    });
  }
});
