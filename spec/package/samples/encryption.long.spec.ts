import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KMSClient } from '@aws-sdk/client-kms';
import { expect } from 'chai';
import { InMemoryStore, OutcomeUnavailableError } from 'retrysafe';
import { KmsServer } from '../../support/kms-server.js';
import { rejection } from '../../support/rejection.js';
import { compiled, compileSamples, mode, run } from './compiled.js';

interface Wrapped {
  readonly current: string;
  readonly keys: Readonly<Record<string, string>>;
}

interface Payment {
  readonly id: string;
  readonly card: string;
}

/** What the files of the sample export, as far as they are used here. */
interface Sample {
  wrapNewKey(client: KMSClient, kmsKeyId: string, id: string): Promise<string>;
  startPayments(parts: object): Promise<(payment: Payment) => Promise<object>>;
}

const kmsKeyId = 'alias/retrysafe-outcomes';
const marker = 'PAYLOAD-4111-1111';
const account = 'ACCOUNT-0815';
const load = (file: string): Promise<Sample> =>
  import(pathToFileURL(join(compiled, 'encryption', file)).href);

describe(`the sample of encryption with KMS, compiled with ${mode} decorators`, () => {
  let kms: KmsServer;
  let wrapNewKey: Sample['wrapNewKey'];
  let startPayments: Sample['startPayments'];

  before(async function () {
    this.timeout(60_000);
    await compileSamples();
    kms = await KmsServer.start(kmsKeyId, 'alias/other');
    ({ wrapNewKey } = await load('kms-keys.js'));
    ({ startPayments } = await load('payments.js'));
  });

  after(() => kms.stop());

  const payment: Payment = { id: 'p-1', card: marker };
  const never = async () => expect.fail('it charged again');
  const charge = async ({ id, card }: Payment) => ({
    paymentId: id,
    paidAt: new Date(5),
    account,
    card,
  });

  const start = (
    wrapped: Wrapped,
    store: InMemoryStore,
    work: (payment: Payment) => Promise<object> = charge,
  ) => startPayments({ client: kms.client(), kmsKeyId, wrapped, store, charge: work });

  it('pays once across a rotation, asks KMS at the start alone, and keeps no secret', async () => {
    const store = new InMemoryStore();
    const [first, second] = [
      await wrapNewKey(kms.client(), kmsKeyId, '2026-11'),
      await wrapNewKey(kms.client(), kmsKeyId, '2026-12'),
    ];
    const payBefore = await start({ current: '2026-11', keys: { '2026-11': first } }, store);
    expect(await payBefore(payment)).to.include({ card: marker });
    const both = { '2026-11': first, '2026-12': second };
    const asked = kms.requests.length;
    const payAfter = await start({ current: '2026-12', keys: both }, store, never);
    expect(kms.requests.slice(asked)).to.deep.equal(['Decrypt', 'Decrypt']);
    expect(await payAfter(payment)).to.deep.equal({ paymentId: 'p-1', paidAt: new Date(5), account });
    expect(kms.requests.length).to.equal(asked + 2);
    expect(JSON.stringify(store.records())).not.to.include(marker).and.not.to.include(account);
    const payWithout = await start({ current: '2026-12', keys: { '2026-12': second } }, store, never);
    expect(await rejection(payWithout(payment))).to.be.instanceOf(OutcomeUnavailableError);
  });

  it('does not start with a data key under another id, of another key of KMS, or of one that is gone', async () => {
    const store = new InMemoryStore();
    const wrapped = await wrapNewKey(kms.client(), kmsKeyId, '2026-11');
    const foreign = await wrapNewKey(kms.client(), 'alias/other', '2026-11');
    for (const keys of [{ '2026-12': wrapped }, { '2026-11': foreign }]) {
      const current = Object.keys(keys)[0] as string;
      expect(await rejection(start({ current, keys }, store))).to.have.property(
        'name',
        'InvalidCiphertextException',
      );
    }
    kms.remove(kmsKeyId);
    const gone = start({ current: '2026-11', keys: { '2026-11': wrapped } }, store);
    expect(await rejection(gone)).to.have.property('name', 'NotFoundException');
  });

  it('has a command that prints a new data key', async () => {
    const env = {
      AWS_ENDPOINT_URL_KMS: kms.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const command = join(compiled, 'encryption/new-key.js');
    const { code, stdout, stderr } = await run(process.execPath, [command, 'alias/other', '2027-01'], env);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(JSON.parse(stdout)['2027-01']).to.match(/^[\w+/]{80}=*$/);
    expect(await run(process.execPath, [command])).to.include({ code: 2 });
  });
});
