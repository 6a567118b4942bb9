import { expect } from 'chai';
import { type Completion, currentExecution } from 'retrysafe';
import { type RecordedResponse, responseOutcome } from 'retrysafe/http';
import { randomBytes } from '../../support/bytes.js';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import type { Process, StoreLine } from './processes.js';

const picture = responseOutcome({
  headers: { 'content-type': 'image/png', 'x-note': 'für später\0' },
  body: randomBytes(100_000),
});

/** Tries outcomes of bytes on a line of the matrix. */
export function outcomesOfBytes({ title, use }: StoreLine): void {
  describe(`an outcome of bytes in ${title}`, () => {
    const processes = use();
    let here: Process;
    let elsewhere: Process;

    before(async () => {
      here = await processes.start();
      elsewhere = await processes.start();
    });

    const never = async () => expect.fail('the method ran');

    it('is replayed byte for byte, in another process too', async () => {
      const operation = deployable();
      expect(await operation(here.store, async () => picture)('a')).to.equal(picture);
      for (const { store } of [elsewhere, here]) {
        const replay = (await operation(store, never)('a')) as RecordedResponse;
        expect(replay).to.deep.equal(picture);
      }
    });

    it('is found by a read, and at the end of waiting', async () => {
      const operation = deployable({ readFirst: true, wait: 5 });
      const [begun, drawn] = [defer(), defer()];
      const running = operation(here.store, async () => {
        begun.resolve();
        await drawn.promise;
        return picture;
      })('a');
      await begun.promise;
      const duplicate = operation(elsewhere.store, never)('a');
      drawn.resolve();
      expect(await duplicate).to.deep.equal(picture);
      expect(await running).to.equal(picture);
      expect(await operation(elsewhere.store, never)('a')).to.deep.equal(picture);
    });

    it('is completed in the transaction of the business', async function () {
      const { commit } = here;
      if (!commit) return this.skip();
      const operation = deployable();
      const work = (run: (completion: Completion) => Promise<void>) => async () => {
        await run(await currentExecution().completion(picture));
        return picture;
      };
      const call = operation(
        here.store,
        work((completion) => commit(`bytes in ${title}`, completion)),
      );
      expect(await call('a')).to.deep.equal(picture);
      expect(await operation(elsewhere.store, never)('a')).to.deep.equal(picture);
      expect(await processes.countOf?.(`bytes in ${title}`)).to.equal(1);
    });
  });
}
