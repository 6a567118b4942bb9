import type { HoldOrder } from '../../app/orders.js';
import { type Cast, order } from '../cast.js';
import { sendToDyingProcess } from '../send-to-dying-process.js';
import { counts } from '../story.js';
import { say } from '../terminal.js';

/** Processes that die while they hold a key. */
export async function playCrashes(cast: Cast): Promise<void> {
  const { story } = cast;

  await story.scene('5a', 'The process dies before the bank hears of it', counts(2, 2, 1, 0, 0), async () => {
    const asked = order('T-1003', 7_500);
    await sendToDyingProcess(asked, cast, (key) =>
      story.ran(asked.transactionId, key, 'it never hears of it'),
    );
    await sendToTheLiving('5a', cast, asked, 2);
  });

  await story.scene('5b', 'The process dies when the hold is placed', counts(2, 1, 1, 0, 0), async () => {
    const asked = order('T-1004', 6_000);
    await sendToDyingProcess(asked, cast, (_, carryOut) => carryOut());
    // The bank tells that the first attempt did it: there is no second one.
    await sendToTheLiving('5b', cast, asked, 1);
  });
}

/** Sends a request whose key a dead process holds. */
async function sendToTheLiving(scene: string, cast: Cast, asked: HoldOrder, attempts: number): Promise<void> {
  const { story } = cast;
  const left = await cast.record();
  const lease = ((left?.leaseUntil ?? 0) - Date.now()) / 1_000;
  const words = left && `${left.status}, attempt ${left.attempt}, leased for another ${lease.toFixed(1)} s`;
  say('on record', words ?? 'nothing');
  story.expect(`${scene}: status`, (await cast.exchange(asked, ', once more')).statusCode, 201);
  const record = await cast.record();
  story.expect(`${scene}: record`, [record?.status, record?.attempt], ['completed', attempts]);
}
