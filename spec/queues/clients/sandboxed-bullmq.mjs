// The file of a sandboxed processor, which BullMQ loads in a process of its own.
import { InProgressError, KeyError } from 'retrysafe';
import { idempotentProcessor } from 'retrysafe/bullmq';

export default idempotentProcessor(async ({ data, attemptsStarted }) => {
  if (data.id === 'broken') throw new KeyError('no key');
  if (attemptsStarted === 1) throw new InProgressError('running', { retryAfter: 0.1 });
  return 'settled';
});
