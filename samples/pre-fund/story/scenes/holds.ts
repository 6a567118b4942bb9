import type { APIGatewayProxyResult } from 'aws-lambda';
import { type Cast, order } from '../cast.js';
import { counts } from '../story.js';
import { say } from '../terminal.js';

/** Holds that are asked for more than once. */
export async function playHolds(cast: Cast): Promise<void> {
  const { story } = cast;
  const first = order('T-1001', 25_000);
  let firstAnswer: APIGatewayProxyResult | undefined;
  await story.scene('1', 'A request places a hold', counts(1, 1, 1, 0, 0), async () => {
    firstAnswer = await cast.exchange(first);
    story.expect('1: status', firstAnswer.statusCode, 201);
  });

  await story.scene('2', 'Its answer is lost, and the sender asks again', counts(1, 0, 0, 1, 0), async () => {
    say('lost', 'the answer, on its way to the sender');
    const { body, headers } = await cast.exchange(first);
    const replayed = { ...firstAnswer?.headers, 'Idempotency-Replayed': 'true' };
    story.expect('2: the second answer', [body, headers], [firstAnswer?.body, replayed]);
  });

  await story.scene('3', '20 copies arrive at once', counts(20, 1, 1, 19, 0), async () => {
    const copied = order('T-1002', 12_000);
    const answers = await Promise.all(Array.from({ length: 20 }, () => cast.send(copied)));
    for (const answer of answers) story.answered(copied, answer);
    story.expect('3: statuses', [...new Set(answers.map(({ statusCode }) => statusCode))], [201]);
  });

  await story.scene('4', 'The same transaction, another amount', counts(1, 0, 0, 0, 1), async () => {
    story.expect('4: status', (await cast.exchange(order('T-1001', 99_900))).statusCode, 422);
  });
}
