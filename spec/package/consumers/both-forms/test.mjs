import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as esm from 'retrysafe';

const require = createRequire(import.meta.url);
const required = require('retrysafe');
const cjs = require(join(dirname(require.resolve('retrysafe/package.json')), 'dist/cjs/index.js'));

if (process.features.require_module) {
  assert.equal(required.Idempotent, esm.Idempotent);
  console.log('ok import and require load one copy where Node.js can require ES modules');
} else {
  assert.equal(required.Idempotent, cjs.Idempotent);
  console.log('ok require loads the CommonJS form where Node.js cannot require ES modules');
}
assert.notEqual(cjs.Idempotent, esm.Idempotent);

for (const [one, other, title] of [
  [esm, cjs, 'ES module to CommonJS'],
  [cjs, esm, 'CommonJS to ES module'],
]) {
  const claimed = [];
  class WatchedStore extends other.InMemoryStore {
    async claim(record, now) {
      claimed.push(record.key);
      return super.claim(record, now);
    }
  }
  other.configureIdempotency({ store: new WatchedStore() });
  let runs = 0;
  const place = one.makeIdempotent(
    async (request) => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return {
        key: other.currentExecution().key,
        sameKey: one.currentExecution().key,
        at: new Date(),
        request,
      };
    },
    { key: 'id', name: `place, ${title}` },
  );

  const outcomes = await Promise.all(Array.from({ length: 10 }, () => place({ id: title })));
  assert.equal(runs, 1);
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  assert.ok(outcomes[9].at instanceof Date);
  console.log(`ok ${title}: ten concurrent calls run once`);

  assert.equal(outcomes[0].key, outcomes[0].sameKey);
  assert.ok(claimed.includes(outcomes[0].key));
  console.log(`ok ${title}: the configuration and the running call are shared`);

  await assert.rejects(place({}), (error) => {
    assert.ok(error instanceof one.KeyError && error instanceof other.KeyError);
    assert.ok(error instanceof one.IdempotencyError && error instanceof other.IdempotencyError);
    assert.ok(!(error instanceof other.InProgressError));
    return true;
  });
  console.log(`ok ${title}: errors are known by the classes of both`);
  one.configureIdempotency({});
}

const settling = ({ makeIdempotent }) =>
  makeIdempotent(async ({ items }) => items.length, { name: 'settle', key: 'items[].id' });
for (const { makeIdempotent, ConfigurationError } of [esm, cjs])
  assert.throws(
    () => settling({ makeIdempotent }),
    (error) => error instanceof ConfigurationError && error.message.includes("import 'retrysafe/jmespath'"),
  );
await import('retrysafe/jmespath');
for (const one of [esm, cjs]) assert.equal(await settling(one)({ items: [{ id: 1 }] }), 1);
require('retrysafe/jmespath');
console.log('ok retrysafe/jmespath counts for both forms, and is said to be missing before');

for (const [subpath, names] of Object.entries({
  postgres: ['PostgresStore', 'schema'],
  redis: ['RedisStore'],
  sqlite: ['SqliteStore', 'schema'],
})) {
  const imported = await import(`retrysafe/${subpath}`);
  const inCommonJS = require(
    join(dirname(require.resolve('retrysafe/package.json')), `dist/cjs/stores/${subpath}/index.js`),
  );
  for (const name of names) {
    assert.equal(typeof imported[name], 'function');
    assert.equal(typeof inCommonJS[name], 'function');
    assert.equal(
      require(`retrysafe/${subpath}`)[name],
      process.features.require_module ? imported[name] : inCommonJS[name],
    );
  }
  const wrong = () => new inCommonJS[names[0]]({});
  assert.throws(
    wrong,
    (error) => error instanceof esm.ConfigurationError && error instanceof cjs.ConfigurationError,
  );
  console.log(`ok retrysafe/${subpath} is there in both forms, without any client`);
}
