import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ConfigurationError, currentExecution, InMemoryStore, makeIdempotent } from 'retrysafe';
import { thrown } from '../../support/rejection.js';

const run = promisify(execFile);

/** Derives the keys of some labels in a call with this payload. */
async function derive(payload: unknown, ...labels: readonly string[]): Promise<string[]> {
  const charge = makeIdempotent(
    async (_payload: unknown, wanted: readonly string[]) =>
      wanted.map((label) => currentExecution().deriveKey(label)),
    { name: 'Payments.charge', key: '@', store: new InMemoryStore() },
  );
  return charge(payload, labels);
}

describe('a key that is derived for a downstream call', () => {
  it('is the same in every attempt', async () => {
    const derived: string[] = [];
    const attempts: number[] = [];
    const charge = makeIdempotent(
      async (_id: string) => {
        const { attempt, deriveKey } = currentExecution();
        attempts.push(attempt);
        derived.push(deriveKey('charge'), deriveKey('charge'));
        if (attempts.length < 3) throw new Error('the acquirer is busy');
      },
      { name: 'Payments.chargeAgain', store: new InMemoryStore() },
    );
    for (let tries = 0; tries < 3; tries += 1) await charge('tx-1').catch(() => {});
    expect(attempts).to.deep.equal([1, 2, 3]);
    expect(derived).to.have.length(6);
    expect(new Set(derived)).to.have.property('size', 1);
  });

  it('is the same in another process', async () => {
    const script = `
      import { currentExecution, makeIdempotent } from 'retrysafe';
      const charge = makeIdempotent(async () => currentExecution().deriveKey('charge'), { name: 'Payments.charge', key: '@' });
      console.log(await charge({ amount: 100, id: 'tx-1' }));
    `;
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd });
    expect([stdout.trim()]).to.deep.equal(await derive({ id: 'tx-1', amount: 100 }, 'charge'));
  });

  it('never changes', async () => {
    expect(await derive('tx-1', 'charge', 'refund', 'ü 😀')).to.deep.equal([
      '8fe6fff0-ecfc-8208-bc5a-ef6192452f2d',
      '4ca00e02-d22c-8e07-974a-4c42c7166f07',
      'b4169f57-9641-85d0-b01d-b1b430027895',
    ]);
  });

  it('differs for another label, another payload, another operation', async () => {
    const other = makeIdempotent(async (_id: string) => currentExecution().deriveKey('charge'), {
      name: 'Payments.chargeOther',
      store: new InMemoryStore(),
    });
    const keys = [
      ...(await derive('tx-1', 'charge', 'Charge', 'charge ', 'charge:1', '1')),
      ...(await derive('tx-2', 'charge')),
      await other('tx-1'),
    ];
    expect(new Set(keys)).to.have.property('size', 7);
  });

  it('is a UUID, which Stripe’s idempotency keys and DynamoDB’s tokens accept', async () => {
    const labels = Array.from({ length: 500 }, (_, index) => `label ${index} ${'x'.repeat(index)}`);
    const keys = await derive('tx-1', ...labels);
    // RFC 9562: version 8, for custom digests, and a variant of 8, 9, a or b.
    for (const key of keys)
      expect(key).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Math.max(...keys.map(({ length }) => length))).to.equal(36);
    expect(new Set(keys)).to.have.property('size', keys.length);
  });

  it('is refused for an empty label', async () => {
    const faults: unknown[] = [];
    const charge = makeIdempotent(
      async () => {
        const { deriveKey } = currentExecution();
        for (const label of ['', undefined, 7] as string[]) faults.push(thrown(() => deriveKey(label)));
      },
      { name: 'Payments.chargeUnlabelled', store: new InMemoryStore() },
    );
    await charge();
    expect(faults).to.have.length(3);
    for (const fault of faults) {
      expect(fault).to.be.instanceOf(ConfigurationError);
      expect((fault as Error).message).to.match(/deriveKey\(label\).*expected/);
    }
  });
});
