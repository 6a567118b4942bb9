import { expect } from 'chai';
import { ConfigurationError } from 'retrysafe';
import { bullMQSettings, idempotentProcessor } from 'retrysafe/bullmq';
import { queueTiming } from 'retrysafe/queues';

describe('the settings of BullMQ', () => {
  it('are those of a timing, in milliseconds', () => {
    const timing = queueTiming({ visibilityTimeout: 30, isExtended: true, maxReceives: 5, workTime: 600 });
    expect(bullMQSettings(timing)).to.deep.equal({
      worker: { lockDuration: 30_000, lockRenewTime: 10_000, stalledInterval: 15_000, maxStalledCount: 4 },
      job: { attempts: 5, backoff: { type: 'fixed', delay: 30_000 } },
    });
  });

  it('let the lock of a worker that died outlast the lease, and the second of tolerance', () => {
    for (const visibilityTimeout of [5, 9, 31.5, 60, 3_600])
      for (const workTime of [0.25, 1, 20, 900])
        for (const isExtended of [true, false]) {
          if (!isExtended && visibilityTimeout < workTime + 3) continue;
          const timing = queueTiming({ visibilityTimeout, isExtended, maxReceives: 3, workTime });
          const { lockDuration, lockRenewTime, stalledInterval } = bullMQSettings(timing).worker;
          expect(lockDuration - lockRenewTime).to.be.at.least((timing.method.lease + 1) * 1_000);
          expect(lockRenewTime).to.be.within(1, lockDuration / 3);
          expect(stalledInterval).to.be.within(1, Math.min(lockDuration, 30_000));
        }
  });
});

describe('a processor with wrong options', () => {
  const processor = async () => {};
  const wrong: [string, unknown[], RegExp][] = [
    [
      'is refused, with its name',
      [processor, { retryDelay: -1 }],
      /idempotentProcessor: option "retryDelay"/,
    ],
    ['is refused where there is no such option', [processor, { attempts: 3 }], /no option "attempts"/],
    ['is refused where it is a file', ['./processor.js'], /no function; for a sandboxed processor, wrap/],
  ];
  for (const [what, args, message] of wrong)
    it(what, () => {
      const make = idempotentProcessor as (...args: unknown[]) => unknown;
      expect(() => make(...args)).to.throw(ConfigurationError, message);
    });
});
