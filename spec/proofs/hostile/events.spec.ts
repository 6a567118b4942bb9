import { expect } from 'chai';
import * as fc from 'fast-check';
import { KeyError, makeIdempotent } from 'retrysafe';
import { seed } from '../../support/random.js';
import { rejection } from '../../support/rejection.js';
import { bomb, catastrophes, checkEvent, event } from './events.js';
import { call } from './trial.js';

describe('hostile events', function () {
  this.timeout(60_000);

  for (const [name, make] of Object.entries(catastrophes)) {
    it(`have a key or are refused clearly: ${name}`, async () => {
      const [whole, key, verdict] = make();
      expect(await call(name, { key }, [whole])).to.equal(verdict);
    });
  }

  it('have a key or are refused clearly, whatever is in them', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(event, async (one) => {
        seen.add(await checkEvent(one));
      }),
      { seed, numRuns: 2_000 },
    );
    expect([...seen].sort()).to.deep.equal(['ran', 'refused']);
  });

  it('get an error that says how much may be unpacked', async () => {
    const accept = makeIdempotent(async (_event: object) => {}, {
      name: 'Hostile.unpack',
      key: 'base64_gzip(data)',
    });
    const error = (await rejection(accept(bomb(40_000_000)))) as KeyError;
    expect(error).to.be.instanceOf(KeyError);
    expect((error.cause as Error).message).to.equal('what base64_gzip() unpacks is larger than 32 MiB');
  });
});
