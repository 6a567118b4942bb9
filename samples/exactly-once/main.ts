// Moves money, and lets go wrong what can: each transfer is done exactly once all the same. See README.md.
import assert from 'node:assert/strict';
import type { Bank } from './bank.js';
import { openDynamoDBBank } from './dynamodb-bank.js';
import { openPostgresBank } from './postgres-bank.js';
import { NotEnoughMoney, type TransferRequest } from './transfers.js';

// The AWS SDK announces the end of Node.js 20 at every start.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const engines = { postgres: openPostgresBank, dynamodb: openDynamoDBBank };
type Engine = keyof typeof engines;

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in engines));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; there are ${Object.keys(engines).join(' and ')}.`);
  process.exit(2);
}
for (const name of named.length > 0 ? (named as Engine[]) : (Object.keys(engines) as Engine[])) {
  const bank = await engines[name]();
  if (!bank) {
    console.log(`\n${name}: no engine can run here`);
    continue;
  }
  try {
    await tell(bank);
  } finally {
    await bank.close();
  }
}

async function tell(bank: Bank): Promise<void> {
  console.log(`\nOn ${bank.name}`);
  const request = (transferId: string, cents: number): TransferRequest => {
    return { transferId, from: 'alice', to: 'bob', cents };
  };

  const [first, ...copies] = await Promise.all(
    Array.from({ length: 10 }, () => bank.service().transfer(request('T-1', 25_000))),
  );
  for (const copy of copies) assert.deepEqual(copy, first);
  await expect(bank, 75_000, 'Ten copies of one request at once: one transfer, ten equal receipts');

  const interrupted = bank.service({
    afterCommit: () => Promise.reject(new Error('the connection broke before the answer')),
  });
  const receipt = await interrupted.transfer(request('T-2', 10_000));
  assert.deepEqual(await bank.service().transfer(request('T-2', 10_000)), receipt);
  await expect(bank, 65_000, 'An answer lost after the commit: the receipt that was committed is the answer');

  let wakeUp = () => {};
  const asleep = new Promise<void>((resolve) => {
    wakeUp = resolve;
  });
  const sleepy = bank.service({ beforeTransaction: () => asleep }).transfer(request('T-3', 5_000));
  await new Promise((resolve) => setTimeout(resolve, 2_300)); // its lease of 2 s lapses
  const successor = await bank.service().transfer(request('T-3', 5_000));
  wakeUp();
  assert.deepEqual(await sleepy, successor);
  await expect(
    bank,
    60_000,
    'A process that sleeps past its lease, and then commits: its transaction changes nothing, and it has the receipt of the one that took over',
  );

  for (const attempt of [1, 2]) {
    await assert.rejects(bank.service().transfer(request('T-4', 90_000)), NotEnoughMoney);
    await expect(bank, 60_000, `More than there is, attempt ${attempt}: refused, and nothing moved`);
  }
}

async function expect(bank: Bank, alice: number, what: string): Promise<void> {
  const balances = await bank.balances();
  assert.deepEqual(balances, { alice, bob: 100_000 - alice }, what);
  const [left, right] = [balances.alice, balances.bob].map((cents) => (cents / 100).toFixed(2));
  console.log(`  ${what}.\n    Alice ${left}, Bob ${right}`);
}
