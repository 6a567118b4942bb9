import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type BuildOptions, build, transform } from 'esbuild';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

type Form = 'esm' | 'cjs';

/** An expression that has to load one form of an export of the package. */
function loading(form: Form, path: string): string {
  const file = JSON.stringify(join(root, 'dist', form, path));
  return form === 'esm' ? `await import(${file})` : `createRequire(${file})(${file})`;
}

// The cache of compiled expressions, and what is registered, are those of a process. So each of these has a process of its own.
const tools = `
import { createRequire } from 'node:module';
const said = {};
const refusal = async (make) => {
  try { await make(); return 'nothing was thrown'; } catch (error) { return \`\${error.name}: \${error.message}\`; }
};
const keyReader = ({ makeIdempotent, keyOf }) => (key, request) =>
  keyOf(makeIdempotent(async (_request) => 1, { name: 'Payments.accept', key }), request);
`;

/** Runs code in a process of its own, and returns what it has put into \`said\`. */
async function told(code: string): Promise<Record<string, string>> {
  const { code: script } = await transform(`${tools}${code}\nconsole.log(JSON.stringify(said));`, {
    loader: 'ts',
    target: 'es2022',
    format: 'esm',
  });
  const { stdout } = await run(process.execPath, ['--input-type=module', '--no-warnings', '-e', script], {
    cwd: root,
  });
  return JSON.parse(stdout);
}

const nextStep =
  "for an expression that goes beyond a plain path, put `import 'retrysafe/jmespath'` before this";
const expected = `expected a plain path such as 'body.id', or a function; ${nextStep}`;

for (const form of ['esm', 'cjs'] as const) {
  describe(`an expression beyond a plain path, in the ${form} form without retrysafe/jmespath,`, function () {
    this.timeout(20_000);

    it('is refused where it is written, at each level, with the next step and without its text', async () => {
      const said = await told(`
        const { Idempotent, IdempotencyDefaults, configureIdempotency, makeIdempotent } = ${loading(form, 'index.js')};
        said.key = await refusal(() => class Payments {
          @Idempotent({ key: 'secret[].id' }) async pay(_request: object) {}
        });
        said.scope = await refusal(() => makeIdempotent(async () => 1, { name: 'pay', scope: 'secret[].id' }));
        said.fingerprint = await refusal(() => makeIdempotent(async () => 1, { name: 'pay', fingerprint: 'length(secret)' }));
        said.class = await refusal(() => { @IdempotencyDefaults({ scope: 'secret[].id' }) class Payments {} return Payments; });
        said.process = await refusal(() => configureIdempotency({ scope: 'secret[].id' }));
        said.none = await refusal(() => makeIdempotent(async () => 1, { name: 'pay', key: 'secret[' }));`);
      const refused = (option: string, length: number) =>
        `option "${option}" is a text of ${length} characters; ${expected}`;
      expect(said.key)
        .to.match(/^ConfigurationError: .*\bpay/)
        .and.include(refused('key', 11));
      expect(said.scope).to.equal(`ConfigurationError: makeIdempotent(pay): ${refused('scope', 11)}`);
      expect(said.fingerprint).to.include(
        `option "fingerprint" is a text of 14 characters; ${expected.replace('expected', 'expected true, or')}`,
      );
      for (const level of ['class', 'process'])
        expect(said[level], level)
          .to.match(/^ConfigurationError/)
          .and.include(refused('scope', 11));
      expect(said.none).to.include(refused('key', 7));
      for (const words of Object.values(said)) expect(words).not.to.include('secret');
    });

    it('compiles once the import is there, although it was refused before', async () => {
      const said = await told(`
        const library = ${loading(form, 'index.js')};
        const read = keyReader(library);
        said.before = await refusal(() => read('items[].id', { items: [{ id: 1 }] }));
        ${loading(form, 'jmespath/index.js')};
        said.after = read('items[].id', { items: [{ id: 1 }] });
        said.wrong = await refusal(() => read('items[', {}));`);
      expect(said.before).to.include(nextStep);
      expect(said.after).to.match(/^Payments\.accept#/);
      expect(said.wrong).to.include('a JMESPath expression; this one does not parse');
    });

    it('is no plain path with hyphens, which needs no import but quotes', async () => {
      const said = await told(`
        const read = keyReader(${loading(form, 'index.js')});
        said.hyphen = await refusal(() => read('headers.x-id', {}));
        said.name = await refusal(() => read('secret-word', {}));
        said.minus = await refusal(() => read('amount-1', {}));
        said.quoted = read('headers."x-id"', { headers: { 'x-id': 1 } });`);
      expect(said.hyphen).to.include('JMESPath reads a hyphen as a minus: write headers."x-id"');
      expect(said.name).to.include('put the name into double quotes').and.not.include('secret');
      expect(said.minus).to.include(nextStep);
      expect(said.quoted).to.match(/^Payments\.accept#/);
    });
  });
}

/** What expressions select that need each part which copies of the library have of their own. */
const keys = `
const big = (id) => ({ requestContext: {}, isBase64Encoded: false, headers: {}, body: \`{"items":[{"id":\${id}}]}\` });
said.one = read('body.items[].id', big('9007199254740993'));
said.other = read('body.items[].id', big('9007199254740992'));
said.path = read('[body.items[0].id]', big('9007199254740993.0'));
said.filtered = read('body.items[?id > \`9007199254740992\`].id', big('9007199254740993'));
said.parsed = read('[json(body).items[0].id]', big('9007199254740993'));
said.header = read("header('X-Id') || id", { headers: { 'x-id': 'a' } });
said.missing = await refusal(() => read('items[].id', { items: [{ id: 1 }, {}] }));
said.within = await refusal(() => read('items[].id', {
  get items() { read('list[].id', { list: [{ id: 1 }] }); return [{ id: 1 }, {}]; },
}));
`;

function checkKeys({
  one,
  other,
  path,
  filtered,
  parsed,
  header,
  missing,
  within,
}: Record<string, string>): void {
  expect(one)
    .to.match(/^Payments\.accept#/)
    .and.not.equal(other);
  expect([path, filtered, parsed]).to.deep.equal([one, one, one]);
  expect(header).to.match(/^Payments\.accept#/);
  // Another expression that a getter of the request runs meanwhile changes nothing.
  for (const words of [missing, within])
    expect(words).to.match(/^KeyError: .*`key` selects nothing, or a part of it does; the expression items/);
}

describe('retrysafe/jmespath', function () {
  this.timeout(20_000);

  for (const [imported, used] of [
    ['esm', 'esm'],
    ['cjs', 'cjs'],
    ['esm', 'cjs'],
    ['cjs', 'esm'],
  ] as const) {
    it(`imported as ${imported} compiles the expressions of the ${used} form`, async () => {
      checkKeys(
        await told(`
          ${loading(imported, 'jmespath/index.js')};
          const read = keyReader(${loading(used, 'index.js')});
          ${keys}`),
      );
    });
  }

  it('is imported by its name, before or after the root, and required by it', async () => {
    for (const lines of [
      "import 'retrysafe/jmespath'; import * as library from 'retrysafe';",
      "import * as library from 'retrysafe'; import 'retrysafe/jmespath';",
      "const require = createRequire(import.meta.url + '/../'); require('retrysafe/jmespath'); const library = require('retrysafe');",
    ])
      checkKeys(await told(`${lines}\nconst read = keyReader(library);\n${keys}`));
  });

  it('counts for options of the class and of the process', async () => {
    const said = await told(`
      import 'retrysafe/jmespath';
      import { configureIdempotency, Idempotent, IdempotencyDefaults, keyOf, makeIdempotent } from 'retrysafe';
      @IdempotencyDefaults({ scope: 'tenants[].id', fingerprint: 'items[].id' })
      class Payments {
        @Idempotent({ key: 'id' }) async pay(request: object) { return request; }
      }
      const keyFor = (tenant) => keyOf(new Payments(), 'pay', { id: 1, tenants: [{ id: tenant }] });
      [said.one, said.other, said.again] = ['a', 'b', 'a'].map(keyFor);
      const pay = new Payments();
      const sent = (item) => pay.pay({ id: 1, tenants: [{ id: 'a' }], items: [{ id: item }] });
      await sent('x');
      said.fingerprint = await refusal(() => sent('y'));
      configureIdempotency({ scope: 'tenants[0].id || tenant' });
      const refund = makeIdempotent(async (request) => request, { name: 'refund', key: 'id' });
      [said.first, said.second] = ['a', 'b'].map((tenant) => keyOf(refund, { id: 1, tenant }));`);
    expect(said.again).to.equal(said.one).and.not.equal(said.other);
    expect(said.fingerprint).to.match(/^FingerprintError/);
    expect(said.first)
      .to.match(/^refund#/)
      .and.not.equal(said.second);
  });
});

describe('a bundle', function () {
  this.timeout(20_000);

  let folder: string;
  before(() => {
    mkdirSync(join(root, '.build'), { recursive: true });
    folder = mkdtempSync(join(root, '.build/bundle-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Bundles a program with the package, runs it, and returns what it said and which files are in it. */
  async function bundled(lines: string, options: BuildOptions = {}) {
    const outfile = join(folder, 'bundle.mjs');
    const contents = `${tools}${lines}\nconsole.log(JSON.stringify(said));`;
    const { metafile } = await build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      metafile: true,
      ...options,
    });
    const [output] = Object.values(metafile?.outputs ?? {});
    const files = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    const { stdout } = await run(process.execPath, ['--no-warnings', outfile]);
    return { said: JSON.parse(stdout) as Record<string, string>, files: files.map(([file]) => file) };
  }

  const builds: Readonly<Record<string, BuildOptions>> = {
    'as it is': {},
    minified: { minify: true, keepNames: true },
    'of the CommonJS form': {
      conditions: ['require'],
      banner: {
        js: "import { createRequire as of } from 'node:module'; const require = of(import.meta.url);",
      },
    },
  };

  for (const [title, options] of Object.entries(builds)) {
    it(`keeps the effect of the import: ${title}`, async () => {
      const { said } = await bundled(
        `import 'retrysafe/jmespath';
        import * as library from 'retrysafe';
        const read = keyReader(library);
        ${keys}`,
        options,
      );
      checkKeys(said);
    });

    it(`without the import has no byte of JMESPath, and says what to import: ${title}`, async () => {
      const { said, files } = await bundled(
        `import * as library from 'retrysafe';
        const read = keyReader(library);
        said.path = read('body.id', { body: { id: 1 } });
        said.refused = await refusal(() => read('items[].id', {}));`,
        options,
      );
      expect(said.path).to.match(/^Payments\.accept#/);
      expect(said.refused).to.include(nextStep);
      expect(files).not.to.be.empty;
      expect(files.filter((file) => file.includes('jmespath'))).to.be.empty;
    });
  }
});
