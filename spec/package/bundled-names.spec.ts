import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type BuildOptions, build } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);

// There are several decorated classes, each in a file of its own.
const service = (name: string, options = '') => `
import { IdempotencyDefaults, Idempotent, makeIdempotent } from 'retrysafe';
${options}
export class ${name} {
  @Idempotent({ key: 'id' }) async pay(request: { id: string }) { return request.id; }
  @Idempotent({ key: 'id', name: '${name}.voided' }) async voids(request: { id: string }) { return request.id; }
}`;

const files: Record<string, string> = {
  'payments.ts': service('PaymentService'),
  'refunds.ts': service('RefundService'),
  'named.ts': service('NamedService', "@IdempotencyDefaults({ name: 'Named' })"),
  'functions.ts': `
import { makeIdempotent } from 'retrysafe';
async function capture(request: { id: string }) { return request.id; }
async function release(request: { id: string }) { return request.id; }
export const captured = makeIdempotent(capture, { key: 'id' });
export const released = makeIdempotent(release, { key: 'id', name: 'release' });`,
  'statics.ts': `
import { Idempotent } from 'retrysafe';
export class StaticPayments {
  static readonly made = 'made';
  @Idempotent({ key: 'id' }) static async pay(request: { id: string }) { return StaticPayments.made + request.id; }
}`,
  'together.ts': `
import { captured, released } from './functions.js';
import { NamedService } from './named.js';
import { PaymentService } from './payments.js';
import { RefundService } from './refunds.js';
await new PaymentService().pay({ id: 'a' });
await new PaymentService().pay({ id: 'b' });
await captured({ id: 'a' });
await released({ id: 'a' });
await new NamedService().pay({ id: 'a' });
await new Promise((resolve) => setTimeout(resolve, 20));
await new RefundService().pay({ id: 'a' });
await new RefundService().pay({ id: 'b' });`,
  'all-named.ts': `
import { makeIdempotent } from 'retrysafe';
import { NamedService } from './named.js';
makeIdempotent(async () => 1, { name: 'release' });
await new NamedService().pay({ id: 'a' });`,
  'static-call.ts': `
import { idempotentOperations } from 'retrysafe';
import { StaticPayments } from './statics.js';
await StaticPayments.pay({ id: 'a' });
console.log(idempotentOperations(StaticPayments)[0].name);`,
  'large.ts': `
import { makeIdempotent } from 'retrysafe';
const short = Object.defineProperty(async () => 1, 'name', { value: 'pay' });
try { makeIdempotent(short); console.log('taken'); } catch (error) { console.log(error.code); }`,
  'built-in.ts': `
import { makeIdempotent } from 'retrysafe';
const count = makeIdempotent(async (parts: unknown) => 'counted', { name: 'count' });
console.log(await count([new Map([[1, 2]]), new Set([1]), new URL('https://example.com')]));`,
};

/** What a process prints, and the warnings of ours in it. */
interface Shown {
  readonly printed: string;
  readonly warnings: readonly string[];
}

for (const experimentalDecorators of [false, true]) {
  describe(`a service with ${experimentalDecorators ? 'legacy' : 'standard'} decorators in a bundle`, function () {
    this.timeout(30_000);
    let folder: string;

    before(() => {
      mkdirSync(join(root, '.build'), { recursive: true });
      folder = mkdtempSync(join(root, '.build/bundled-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    async function shown(entry: string, options: BuildOptions): Promise<Shown> {
      const outdir = mkdtempSync(join(folder, 'out-'));
      await build({
        bundle: true,
        entryPoints: (options.bundle === false ? Object.keys(files) : [`${entry}.ts`]).map((it) =>
          join(folder, it),
        ),
        outdir,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        outExtension: { '.js': options.bundle === false ? '.js' : '.mjs' },
        tsconfigRaw: { compilerOptions: { experimentalDecorators } },
        ...options,
      });
      const file = join(outdir, `${entry}.${options.bundle === false ? 'js' : 'mjs'}`);
      const { stdout, stderr } = await run(process.execPath, [file]);
      const warnings = stderr.split('\n').filter((line) => line.includes('RETRYSAFE_BUNDLED_NAMES'));
      return { printed: stdout.trim(), warnings };
    }

    it('gets one warning for each operation that a build may rename, and how to name it', async () => {
      const { warnings } = await shown('together', {});
      const told = warnings.map((line) =>
        line
          .match(/named after one: (.*?)\. /)?.[1]
          ?.split(', ')
          .sort(),
      );
      const first = ['PaymentService.pay', 'capture'];
      const expected = experimentalDecorators
        ? [[...first, 'RefundService.pay'].sort()]
        : [first, ['RefundService.pay']];
      expect(told).to.deep.equal(expected);
      expect(warnings[0]).to.match(/@IdempotencyDefaults\(\{ name: '\w+' \}\) on the class/);
      expect(warnings[0]).to.match(/makeIdempotent\(fn, \{ name: '\w+' \}\)/);
      expect(warnings[0]).to.include('docs/guide/bundlers.md');
    });

    it('gets no warning where all operations are named', async () => {
      expect((await shown('all-named', {})).warnings).to.deep.equal([]);
    });

    it('gets no warning where the build keeps names, minified or not', async () => {
      expect((await shown('together', { keepNames: true })).warnings).to.deep.equal([]);
      expect((await shown('together', { keepNames: true, minify: true })).warnings).to.deep.equal([]);
    });

    it('gets no warning where nothing is bundled', async () => {
      expect((await shown('together', { bundle: false })).warnings).to.deep.equal([]);
    });

    it('has the same name for a static method in every build that keeps names', async () => {
      for (const options of [
        { bundle: false, keepNames: true },
        { keepNames: true },
        { keepNames: true, minify: true },
      ])
        expect((await shown('static-call', options)).printed).to.equal('StaticPayments.pay');
    });

    it('is refused a name of three letters where names are minified, and only there', async () => {
      expect((await shown('large', { minify: true })).printed).to.equal('ERR_IDEMPOTENCY_CONFIGURATION');
      expect((await shown('large', { minify: true, keepNames: true })).printed).to.equal('taken');
      expect((await shown('large', {})).printed).to.equal('taken');
    });

    it('is not refused a Map, a Set or a URL in a key, where names are minified', async () => {
      expect((await shown('built-in', { minify: true })).printed).to.equal('counted');
    });
  });
}
