// A crash test as a user has it in their own runner: of a service that is right, and of one that is not.
import assert from 'node:assert/strict';
import { currentExecution, Idempotent, type PersistenceStore } from 'retrysafe';
import { CrashTestError, type CrashTestOptions, crashTest, EffectFailedError } from 'retrysafe/testing';

interface Bank {
  placeHold(key: string, id: string): Promise<string>;
  sendMail(id: string): Promise<void>;
}

class Holds {
  requests = 0;

  constructor(
    readonly bank: Bank,
    readonly store: PersistenceStore,
    readonly handsKeyOn: boolean,
  ) {}

  @Idempotent({ key: 'id', name: 'Holds.place', store: (self: Holds) => self.store })
  async place(request: { readonly id: string }): Promise<string> {
    this.requests += 1;
    const key = this.handsKeyOn ? currentExecution().deriveKey('hold') : `request ${this.requests}`;
    // Both are real in a runner's own code, and virtual here.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    assert.equal(new Date().getUTCFullYear(), 2026);
    const hold = await this.bank.placeHold(key, request.id);
    await this.bank.sendMail(request.id);
    return hold;
  }
}

interface Made {
  readonly holds: Holds;
  readonly ledger: Map<string, string>;
}

function options(handsKeyOn: boolean): CrashTestOptions<Made> {
  const call = ({ holds }: Made) => holds.place({ id: 'H' });
  return {
    setUp: ({ store, effect }) => {
      const ledger = new Map<string, string>();
      const bank = {
        placeHold: effect('bank.placeHold', (key: string, id: string) => {
          ledger.set(key, id);
          return `hold ${ledger.size}`;
        }),
        sendMail: effect('mail.send', (_id: string) => {}),
      };
      return { holds: new Holds(bank, store, handsKeyOn), ledger };
    },
    calls: [call, call],
    invariant: ({ ledger }) => assert.equal(ledger.size, 1, 'one hold'),
    histories: 300,
  };
}

export const crashes: readonly (readonly [title: string, check: () => Promise<void>])[] = [
  [
    'a crash test passes where the service is right',
    async () => {
      const report = await crashTest(options(true));
      assert.equal(report.histories, 300);
      assert.equal(report.endless, 0);
    },
  ],
  [
    'a crash test finds where it is not, and says what is missing',
    async () => {
      await assert.rejects(crashTest(options(false)), (error) => {
        assert.ok(error instanceof CrashTestError);
        assert.match(error.message, /^one hold\n/);
        assert.match(error.message, /deriveKey\(…\) was not handed to bank\.placeHold/);
        assert.match((error.cause as Error).message, /^one hold/);
        return true;
      });
    },
  ],
  [
    'an effect fails with an error of its own',
    async () => {
      let failures = 0;
      await crashTest({
        setUp: ({ effect }) => effect('bank.ping', () => 'pong'),
        calls: [
          (ping) =>
            ping().catch((error: unknown) => {
              assert.ok(error instanceof EffectFailedError);
              failures += 1;
              throw error;
            }),
        ],
        invariant: () => {},
      });
      assert.ok(failures > 1);
    },
  ],
];
