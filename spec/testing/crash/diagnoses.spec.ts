import { expect } from 'chai';
import { currentExecution, makeIdempotent } from 'retrysafe';
import { type CrashSetting, CrashTestError, type CrashTestOptions, crashTest } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';

type Place = (id: string) => Promise<string>;

/** A bank that has no keys. */
function bankOf(effect: CrashSetting['effect']): { readonly holds: string[]; readonly hold: Place } {
  const holds: string[] = [];
  const hold = effect('bank.hold', (id: string) => {
    holds.push(id);
    return `H of ${id}`;
  });
  return { holds, hold };
}

async function diagnosisOf<Made>(options: CrashTestOptions<Made>): Promise<string> {
  const error = await rejection(crashTest(options));
  expect(error).to.be.instanceOf(CrashTestError);
  return (error as CrashTestError).failure.diagnosis;
}

const notHanded = /^bank\.hold was called \d times for one request: .*was not handed to bank\.hold/;

/** What looks like another mistake, and is that no derived key was handed on. */
describe('the diagnosis of a crash test', function () {
  this.timeout(60_000);

  it('takes two keys of one call for two', async () => {
    const diagnosis = await diagnosisOf({
      setUp: ({ store, effect }) => {
        const { holds, hold } = bankOf(effect);
        return { holds, place: makeIdempotent(hold, { name: 'places', key: (id) => id, store }) };
      },
      calls: [
        async ({ place }) => {
          await place('a');
          await place('b');
        },
      ],
      invariant: ({ holds }) => expect(holds).to.have.length(2),
    });
    expect(diagnosis).to.match(notHanded);
  });

  it('takes an error that is an answer for one', async () => {
    const diagnosis = await diagnosisOf({
      setUp: ({ store, effect }) => {
        const { holds, hold } = bankOf(effect);
        const find = effect('customers.find', () => {
          throw new RangeError('no such customer');
        });
        const place = makeIdempotent(
          async (id: string) => {
            await find().catch(() => {});
            return hold(id);
          },
          { name: 'places', key: (id) => id, store },
        );
        return { holds, place };
      },
      calls: [({ place }) => place('a')],
      invariant: ({ holds }) => expect(holds).to.have.length(1),
    });
    expect(diagnosis).to.match(/^bank\.hold gave no answer|^bank\.hold was called/);
  });

  it('finds nothing wrong with what is checked before the method', async () => {
    const diagnosis = await diagnosisOf({
      setUp: ({ store, effect }) => {
        const { holds, hold } = bankOf(effect);
        const verify = effect('auth.verify', () => true);
        const place = makeIdempotent(hold, { name: 'places', key: (id) => id, store });
        const serve = async (id: string) => {
          await verify();
          return place(id);
        };
        return { holds, serve };
      },
      calls: [({ serve }) => serve('a')],
      invariant: ({ holds }) => expect(holds).to.have.length(1),
    });
    expect(diagnosis).to.match(notHanded);
  });

  it('says of a call that is made again within the method that it has no key', async () => {
    const diagnosis = await diagnosisOf({
      setUp: ({ store, effect }) => {
        const { holds, hold } = bankOf(effect);
        const place = makeIdempotent((id: string) => hold(id).catch(() => hold(id)), {
          name: 'places',
          key: (id) => id,
          store,
          onAbandoned: 'refuse',
          onError: () => 'unknown',
        });
        return { holds, place };
      },
      calls: [({ place }) => place('a')],
      invariant: ({ holds }) => expect(holds).to.have.length.below(2),
    });
    expect(diagnosis).to.match(notHanded);
  });

  it('names the effect without a key, beside one that has its own', async () => {
    const diagnosis = await diagnosisOf({
      setUp: ({ store, effect }) => {
        const holds = new Set<string>();
        const mails: string[] = [];
        const hold = effect('bank.hold', (key: string) => holds.add(key).size);
        const send = effect('mail.send', (to: string) => mails.push(to));
        const place = makeIdempotent(
          async (id: string) => {
            await hold(currentExecution().deriveKey('hold'));
            await send(id);
          },
          { name: 'places', key: (id) => id, store },
        );
        return { mails, place };
      },
      calls: [({ place }) => place('a')],
      invariant: ({ mails }) => expect(mails).to.have.length(1),
    });
    expect(diagnosis).to.match(/^mail\.send (was called|gave no answer)/);
  });

  it('says that no effect is wrapped', async () => {
    const diagnosis = await diagnosisOf({
      setUp: ({ store }) => {
        const holds: string[] = [];
        const place = makeIdempotent(async (id: string) => holds.push(id), {
          name: 'places',
          key: (id) => id,
          store,
        });
        return { holds, place };
      },
      calls: [({ place }) => place('a')],
      invariant: ({ holds }) => expect(holds).to.have.length(1),
    });
    expect(diagnosis).to.match(/^No effect is wrapped/);
  });

  it('says that an invariant returned false', async () => {
    for (const name of ['invariant', 'always'] as const) {
      const options = { setUp: () => {}, calls: [() => {}], invariant: () => {}, [name]: () => false };
      const error = await rejection(crashTest(options));
      expect(error).to.be.instanceOf(CrashTestError);
      expect((error as Error).message).to.match(new RegExp(`^.${name}. returned false; let it throw`));
    }
  });

  it('blames no effect where a call has returned what its successor recorded', async () => {
    const diagnosis = await diagnosisOf({
      setUp: ({ store, effect }) => {
        const held = new Set<string>();
        const hold = effect('bank.hold', (key: string) => held.add(key).size);
        const release = effect('bank.release', (key: string) => held.delete(key));
        const ship = effect('ship.go', () => {});
        const order = makeIdempotent(
          async (_id: string) => {
            const key = currentExecution().deriveKey('hold');
            await hold(key);
            try {
              await ship();
            } catch (error) {
              await release(key);
              throw error;
            }
          },
          { name: 'orders', key: (id) => id, store },
        );
        return { held, order };
      },
      calls: [({ order }) => order('a'), ({ order }) => order('a')],
      invariant: ({ held }) => expect(held.size).to.equal(1),
    });
    expect(diagnosis).to.not.match(/returned as if/);
  });
});
