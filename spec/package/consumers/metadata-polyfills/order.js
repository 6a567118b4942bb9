// Does what its arguments name, in their order: loads a package, defines the classes, calls them.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const order = process.argv.slice(2);
const what = order.join(' ');
let runs = 0;
let defined;

/** A decorator of some framework: it notes what it has, adding to what others noted before. */
function Mark(key, value) {
  return (_target, _name, descriptor) => {
    if (!Reflect.defineMetadata) return;
    const before = Reflect.getMetadata(key, descriptor.value) ?? [];
    Reflect.defineMetadata(key, [...before, value], descriptor.value);
  };
}

/** What a compiler makes of decorators above a method, with experimentalDecorators. */
function decorate(target, name, decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  const decorated = decorators.reduceRight(
    (one, decorator) => decorator(target, name, one) ?? one,
    descriptor,
  );
  Object.defineProperty(target, name, decorated);
}

function definePayments({ Idempotent, IdempotencyDefaults }) {
  const methods = (idempotent) => {
    class Payments {
      constructor(tenant) {
        this.tenant = tenant;
      }
      async pay({ id }) {
        runs += 1;
        return { id, tenant: this.tenant };
      }
    }
    decorate(Payments.prototype, 'pay', [
      Mark('guards', 'above'),
      Mark('path', 'pay'),
      ...(idempotent ? [Idempotent({ key: 'id' })] : []),
      Mark('guards', 'below'),
      Mark('status', 202),
    ]);
    return Payments;
  };
  const [Plain, Payments] = [methods(false), methods(true)];
  IdempotencyDefaults({
    scope() {
      return this.tenant;
    },
  })(Payments);
  return { Plain, Payments };
}

async function exercise({ Plain, Payments }, { idempotentOperations }, { makeIdempotent }) {
  const [plain, pay] = [Plain.prototype.pay, Payments.prototype.pay];
  const reads = ['getMetadata', 'hasMetadata', 'getOwnMetadata', 'hasOwnMetadata'];
  // @abraham/reflection cannot list what is noted, so what decorators below noted is inherited and not the method's own.
  const listed = Reflect.getOwnMetadataKeys?.(plain).length > 0;
  for (const read of reads.filter((name) => Reflect[name] && (listed || !name.includes('Own')))) {
    for (const key of ['guards', 'path', 'status', 'missing']) {
      assert.deepEqual(Reflect[read](key, pay), Reflect[read](key, plain), `${what}: ${read} ${key}`);
    }
  }
  if (listed) {
    assert.deepEqual(
      new Set(Reflect.getOwnMetadataKeys(pay)),
      new Set(Reflect.getOwnMetadataKeys(plain)),
      `${what}: getOwnMetadataKeys`,
    );
  }

  const [north, south] = [new Payments('north'), new Payments('south')];
  for (const payments of [north, south, north]) await payments.pay({ id: 'a' });
  assert.equal(runs, 2, `${what}: the scope of the class holds`);
  assert.deepEqual(
    idempotentOperations(Payments).map(({ name }) => name),
    ['Payments.pay'],
  );
  await assert.rejects(pay({ id: 'b' }), /without its instance/);

  if (!Reflect.defineMetadata) return;
  const fn = async () => {};
  Reflect.defineMetadata('guards', ['below'], fn);
  const made = makeIdempotent(fn, { name: 'made' });
  assert.deepEqual(Reflect.getMetadata('guards', made), ['below'], `${what}: makeIdempotent`);
}

for (const step of order) {
  // One copy of the library by `require`, another by `import`.
  const [required, imported] = [() => require('retrysafe'), () => import('retrysafe')];
  if (step === 'classes') {
    const { Idempotent } = required();
    defined = definePayments({ Idempotent, IdempotencyDefaults: (await imported()).IdempotencyDefaults });
  } else if (step === 'calls') await exercise(defined, required(), await imported());
  else if (step === 'retrysafe') {
    required();
    await imported();
  } else require(step);
}
