import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pending } from '../../support/pending.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { type Flaw, flawed } from './flawed-queues.js';
import { judge } from './judge.js';
import { Ledger } from './ledger.js';
import { Torture } from './torture.js';

describe('the torture of queues', () => {
  const found: Readonly<Record<Flaw, RegExp>> = {
    'flawed/acknowledges-failures': /it is poison, and was not set aside/,
    'flawed/never-parks': /stuck: the queue still has \d+ messages/,
    'flawed/parks-whatever-fails': /parked: it is no poison, and was set aside: InProgressError/,
  };
  // With this seed six messages have a duplicate that meets them running, so that one does whatever is killed.
  const seed = 21;
  for (const [name, violation] of Object.entries(found) as [Flaw, RegExp][]) {
    it(`finds that a consumer ${name.slice('flawed/'.length).replaceAll('-', ' ')}`, async function () {
      this.timeout(120_000);
      if (PostgresServer.obstacle) pending(this, PostgresServer.obstacle);
      const folder = mkdtempSync(join(tmpdir(), 'retrysafe-torture-flawed-'));
      const ledger = new Ledger(join(folder, 'ledger'));
      const torture = new Torture({ name, queue: flawed[name], messages: 50, seed, seconds: 20 }, ledger);
      try {
        await torture.run();
        expect(judge(ledger.read()).violations.join('\n')).to.match(violation);
      } finally {
        await torture.stop();
        ledger.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
