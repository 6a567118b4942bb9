import { join } from 'node:path';
import { expect } from 'chai';
import { compiled, compileSamples, mode, type Run, run } from './compiled.js';

const balances = [
  ...['Alice 750.00, Bob 250.00', 'Alice 650.00, Bob 350.00', 'Alice 600.00, Bob 400.00'],
  ...['Alice 600.00, Bob 400.00', 'Alice 600.00, Bob 400.00'],
];

describe(`the sample of a money transfer, compiled with ${mode} decorators`, () => {
  const main = join(compiled, 'exactly-once/main.js');
  const runSample = (...engines: string[]): Promise<Run> => run(process.execPath, [main, ...engines]);

  before(async function () {
    this.timeout(60_000);
    await compileSamples();
  });

  for (const [engine, title] of [
    ['postgres', 'On PostgreSQL (PGlite, embedded)'],
    ['dynamodb', 'On DynamoDB (dynoxide, embedded)'],
  ] as const) {
    it(`moves the money once on ${engine}, whatever happens, and ends by itself`, async function () {
      this.timeout(30_000);
      const { code, stdout, stderr } = await runSample(engine);
      expect(stderr).to.equal('');
      if (engine === 'dynamodb' && stdout.includes('no engine can run here')) {
        console.error('PENDING: no DynamoDB engine can run here');
        this.skip();
      }
      expect(stdout).to.include(title);
      expect(stdout.match(/Alice .*$/gm)).to.deep.equal(balances);
      expect(code).to.equal(0);
    });
  }

  it('says which engines there are', async () => {
    const { code, stderr } = await runSample('oracle');
    expect(stderr).to.equal('There is no oracle; there are postgres and dynamodb.\n');
    expect(code).to.equal(2);
  });
});
