// The Pre-Fund story: a hold is placed once, however often it is asked for, and whatever dies on the way.
// `--forgetful-bank` shows what the key is for that the bank is asked under: without it, the story ends badly.
import type { APIGatewayProxyResult } from 'aws-lambda';
import { configureIdempotency, InMemoryStore, inspect } from 'retrysafe';
import { CoreBankStandIn, type HoldOrder } from './core-bank.js';
import { apiGatewayEvent, lambdaContext } from './events.js';
import { onEveryEvent } from './library-events.js';
import { PreFundApi } from './pre-fund-api.js';
import { PreFundService } from './pre-fund-service.js';
import { sendToDyingProcess } from './send-to-dying-process.js';
import { type Counts, Story } from './story.js';
import { print, say } from './terminal.js';

// Short, so that the story is: a crash frees the key after the lease, 30 seconds unless configured otherwise.
const timing = { lease: '1s', clockTolerance: '100ms' } as const;
const accountId = '4711';

const bank = new CoreBankStandIn({
  balances: new Map([[accountId, 200_000]]),
  isForgetful: process.argv.includes('--forgetful-bank'),
  report: (order, key, what) => story.ran(order, key, what),
});
const story = new Story(bank.ledger);
const store = new InMemoryStore();
configureIdempotency({ store, ...timing });
onEveryEvent((name, words) => story.happened(name, words));
const service = new PreFundService(bank);
const api = new PreFundApi(service);

function order(transactionId: string, cents: number): HoldOrder {
  return { transactionId, accountId, cents };
}

async function send(asked: HoldOrder, remark?: string): Promise<APIGatewayProxyResult> {
  story.arrived(asked, remark);
  return api.handle(apiGatewayEvent(asked), lambdaContext());
}

async function exchange(asked: HoldOrder, remark?: string): Promise<APIGatewayProxyResult> {
  const answer = await send(asked, remark);
  story.answered(asked, answer);
  return answer;
}

function recordOf(asked: HoldOrder) {
  return inspect(service, 'placeHold', apiGatewayEvent(asked), lambdaContext());
}

/** Sends a request whose key a dead process holds. */
async function sendToTheLiving(scene: string, asked: HoldOrder): Promise<void> {
  const left = await recordOf(asked);
  const lease = ((left?.leaseUntil ?? 0) - Date.now()) / 1_000;
  const words = left && `${left.status}, attempt ${left.attempt}, leased for another ${lease.toFixed(1)} s`;
  say('on record', words ?? 'nothing');
  story.expect(`${scene}: status`, (await exchange(asked, ', once more')).statusCode, 201);
  const record = await recordOf(asked);
  story.expect(`${scene}: record`, [record?.status, record?.attempt], ['completed', 2]);
}

function counts(requests: number, runs: number, holds: number, replays: number, refused: number): Counts {
  return { requests, runs, holds, replays, refused };
}

print('Pre-Fund: a hold is placed once, however often it is asked for', 'bold');

const first = order('T-1001', 25_000);
let firstAnswer: APIGatewayProxyResult;
await story.scene('1', 'A request places a hold', counts(1, 1, 1, 0, 0), async () => {
  firstAnswer = await exchange(first);
  story.expect('1: status', firstAnswer.statusCode, 201);
});

await story.scene('2', 'Its answer is lost, and the sender asks again', counts(1, 0, 0, 1, 0), async () => {
  say('lost', 'the answer, on its way to the sender');
  story.expect('2: the second answer', await exchange(first), firstAnswer);
});

await story.scene('3', '20 copies arrive at once', counts(20, 1, 1, 19, 0), async () => {
  const copied = order('T-1002', 12_000);
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(copied)));
  for (const answer of answers) story.answered(copied, answer);
  story.expect('3: statuses', [...new Set(answers.map(({ statusCode }) => statusCode))], [201]);
});

await story.scene('4', 'The same transaction, another amount', counts(1, 0, 0, 0, 1), async () => {
  story.expect('4: status', (await exchange(order('T-1001', 99_900))).statusCode, 422);
});

await story.scene('5a', 'The process dies before the bank hears of it', counts(2, 2, 1, 0, 0), async () => {
  const asked = order('T-1003', 7_500);
  await sendToDyingProcess({ order: asked, timing }, story, store, async (_, key) => {
    story.ran(asked, key, 'it never hears of it');
  });
  await sendToTheLiving('5a', asked);
});

await story.scene('5b', 'The process dies when the hold is placed', counts(2, 2, 1, 0, 0), async () => {
  const asked = order('T-1004', 6_000);
  await sendToDyingProcess({ order: asked, timing }, story, store, (...request) =>
    bank.placeHold(...request),
  );
  await sendToTheLiving('5b', asked);
});

await story.scene('6a', 'The bank says no: an outcome, remembered', counts(2, 1, 0, 1, 0), async () => {
  const asked = order('T-1005', 999_900);
  const refusal = await exchange(asked);
  story.expect('6a: status', refusal.statusCode, 402);
  story.expect('6a: the second answer', await exchange(asked), refusal);
});

await story.scene('6b', 'The bank is away: no outcome, tried again', counts(2, 2, 1, 0, 0), async () => {
  const asked = order('T-1006', 4_000);
  bank.outages = 1;
  story.expect('6b: status', (await exchange(asked)).statusCode, 503);
  story.expect('6b: status of the second answer', (await exchange(asked)).statusCode, 201);
});

process.exitCode = story.end() ? 0 : 1;
