import { type Cast, order } from '../cast.js';
import { counts } from '../story.js';

/** A bank that says no, and one that says nothing. */
export async function playRefusals(cast: Cast): Promise<void> {
  const { story, server } = cast;

  await story.scene('6a', 'The bank says no: an outcome, remembered', counts(2, 1, 0, 1, 0), async () => {
    const asked = order('T-1005', 999_900);
    const refusal = await cast.exchange(asked);
    story.expect('6a: status', refusal.statusCode, 402);
    const again = await cast.exchange(asked);
    story.expect('6a: the second answer', [again.statusCode, again.body], [402, refusal.body]);
  });

  await story.scene('6b', 'The bank is away: no outcome, tried again', counts(2, 2, 1, 0, 0), async () => {
    const asked = order('T-1006', 4_000);
    server.bank.outages = 1;
    story.expect('6b: status', (await cast.exchange(asked)).statusCode, 503);
    story.expect('6b: status of the second answer', (await cast.exchange(asked)).statusCode, 201);
  });
}
