import { dollars } from '../bank-stand-in.js';
import { accountId, type Cast } from '../cast.js';
import { apiGatewayEvent, lambdaContext, stepInput } from '../events.js';
import { counts } from '../story.js';
import { say } from '../terminal.js';

/** The queue, the workflow and the refund. */
export async function playOtherFunctions(cast: Cast): Promise<void> {
  const { story } = cast;

  await story.scene('7', 'A batch from the queue, twice; half is poison', counts(6, 2, 0, 2, 0), async () => {
    const good = {
      'message-1': JSON.stringify({ transactionId: 'T-1001', cents: 25_000 }),
      'message-4': JSON.stringify({ transactionId: 'T-1002', cents: 12_000 }),
    };
    const poison = {
      'message-2': '{"transactionId":"T-1002",',
      'message-3': JSON.stringify({ cents: 12_000 }),
    };
    await deliver(cast, { ...good, ...poison }, 1);
    story.expect('7: what is parked', cast.queue.parked, Object.values(poison));
    // As SQS may do: it delivers at least once.
    await deliver(cast, good, 2);
  });

  await story.scene('8', 'A workflow asks in two states, in one twice', counts(3, 2, 2, 1, 0), async () => {
    const principal = { accountId, cents: 30_000 };
    const fee = { accountId, cents: 150 };
    const first = await enter(cast, 'HoldPrincipal', principal);
    story.expect('8: the state that was entered twice', await enter(cast, 'HoldPrincipal', principal), first);
    await enter(cast, 'HoldFee', fee);
  });

  await story.scene('9', 'A refund, asked for twice; then one too many', counts(3, 2, 0, 1, 0), async () => {
    const refund = { refundId: 'R-1', transactionId: 'T-1001', cents: 20_000 };
    const made = await askForRefund(cast, refund);
    story.expect('9: the second answer', (await askForRefund(cast, refund)).body, made.body);
    const { statusCode } = await askForRefund(cast, { ...refund, refundId: 'R-2' });
    story.expect('9: statuses', [made.statusCode, statusCode], [201, 409]);
  });
}

async function deliver({ story, queue }: Cast, messages: Readonly<Record<string, string>>, count: number) {
  for (const id of Object.keys(messages)) story.requested(`${id}, delivery ${count}`);
  const failed = await queue.deliver(messages, count);
  say('answered', `no message of delivery ${count} failed: the queue deletes all of them`);
  story.expect(`7: what failed at delivery ${count}`, failed, []);
}

async function enter({ story, step }: Cast, state: string, asked: { accountId: string; cents: number }) {
  story.requested(`execution E-1, state ${state}  ${dollars(asked.cents)}`);
  const hold = await step.handle(stepInput('E-1', state, asked), lambdaContext());
  story.placed(hold);
  return hold;
}

async function askForRefund(
  { story, api }: Cast,
  asked: { refundId: string; cents: number; transactionId: string },
) {
  story.requested(
    `POST /pre-fund/refunds  ${asked.refundId} of ${asked.transactionId}  ${dollars(asked.cents)}`,
  );
  const answer = await api.handle(
    apiGatewayEvent('/pre-fund/refunds', asked.refundId, asked),
    lambdaContext(),
  );
  if (answer.statusCode === 201) say('answered', `201  ${asked.refundId} is paid back`);
  else story.refused(answer);
  return answer;
}
