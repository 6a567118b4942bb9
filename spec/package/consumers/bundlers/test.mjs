// Builds one application twice, the second time with classes and functions of the same names in another file, by each bundler
// and each way of it that the documents speak of.
//
//   node test.mjs [bundler …]
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

const bundlers = ['esbuild', 'tsup', 'webpack', 'rollup', 'vite', 'swc'];
const given = process.argv.slice(2);

function run(file) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`${file} ended with ${code}: ${errors}`));
    });
  });
}

/** The operations that a warning names. */
function named({ warnings }) {
  return warnings.flatMap((text) => text.match(/named after one: (.*?)\. /)[1].split(', ')).sort();
}

const operations = ['PaymentService.pay', 'capture'];

/** What a build shows of the operations that are named after their class and function. */
const expectations = {
  /** A build with other files may rename both, and says so. */
  'may rename': (one, beside) => {
    assert.deepEqual(named(one), operations);
    assert.equal(named(beside).length, 2);
    for (const operation of operations)
      assert.notEqual(beside.shown[operation].key, one.shown[operation].key);
  },
  /** It renames classes; what it does to functions is refused. */
  'may rename classes': (one, beside) => {
    assert.deepEqual(named(one), ['PaymentService.pay']);
    assert.equal(named(beside).length, 1);
    assert.notEqual(beside.shown['PaymentService.pay'].key, one.shown['PaymentService.pay'].key);
  },
  /** All keep their names, and nothing needs to be said. */
  'keeps names': (one, beside) => {
    assert.deepEqual([named(one), named(beside)], [[], []]);
    for (const operation of operations) {
      assert.ok(one.shown[operation].key, `${operation} has no key`);
      assert.equal(beside.shown[operation].key, one.shown[operation].key);
    }
  },
  /** It minifies names, which are refused. */
  'is refused': (one, beside) => {
    for (const { shown } of [one, beside])
      for (const operation of operations)
        assert.match(
          shown[operation].refused,
          /ConfigurationError: .*"name" is undefined.*looks minified.*keepNames/,
        );
  },
  /** It minifies the names of what is not exported. */
  'refuses the function': (one, beside) => {
    assert.deepEqual(beside.shown['PaymentService.pay'], one.shown['PaymentService.pay']);
    for (const { shown } of [one, beside])
      assert.match(shown.capture.refused, /"name" is undefined.*looks minified/);
  },
  /** The library is not in the bundle and cannot see that one is made. */
  'is not seen': (one, beside) => {
    assert.deepEqual([named(one), named(beside)], [[], []]);
  },
};

async function tryVariant(
  bundler,
  number,
  { title, shows, build, ending = 'mjs', anonymous = 'is refused' },
) {
  const [one, beside, unnamed] = await Promise.all(
    ['main', 'main-beside-another', 'anonymous'].map(async (entry) => {
      if (entry === 'anonymous' && number > 0) return undefined;
      const file = `dist/${bundler}/${number}-${entry}.${ending}`;
      await build(entry, file);
      return run(file);
    }),
  );
  assert.equal(one.settled, 2);
  assert.equal(beside.unrelated, 4, 'the other classes and functions are not in the build');
  for (const operation of ['RefundService.refund', 'release']) {
    assert.ok(one.shown[operation].key, one.shown[operation].refused);
    assert.deepEqual(beside.shown[operation], one.shown[operation]);
  }
  expectations[shows](one, beside);
  for (const [what, { key, refused }] of Object.entries(unnamed?.shown ?? {})) {
    if (anonymous === 'is named by its importer') assert.ok(key, refused);
    else assert.match(refused, /ConfigurationError: .*"name" is undefined/, what);
  }
  console.log(`ok ${bundler}, ${title}: ${shows}`);
}

for (const bundler of given.length > 0 ? given : bundlers) {
  const { variants } = await import(`./${bundler}.mjs`);
  for (const [number, variant] of variants.entries()) await tryVariant(bundler, number, variant);
}
