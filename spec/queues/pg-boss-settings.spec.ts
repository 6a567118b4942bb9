import { expect } from 'chai';
import { pgBossSettings } from 'retrysafe/pg-boss';
import { queueTiming } from 'retrysafe/queues';

describe('the settings of pg-boss for a timing', () => {
  it('has a job expire when it would be visible again, and retries as often as it is received again', () => {
    const timing = queueTiming({
      visibilityTimeout: '90.5s',
      maxReceives: 4,
      workTime: '30s',
      retention: '2d',
    });
    expect(pgBossSettings(timing)).to.deep.equal({
      queue: {
        retryLimit: 3,
        retryDelay: 5,
        expireInSeconds: 91,
        retentionSeconds: 172_800,
        deleteAfterSeconds: 172_800,
      },
      work: {},
    });
  });

  it('has a worker send heartbeats where it extends the visibility, of at least 10 seconds', () => {
    for (const [visibilityTimeout, heartbeatSeconds] of [
      [60, 60],
      [6, 10],
    ] as const) {
      const timing = queueTiming({ visibilityTimeout, maxReceives: 3, workTime: '10m', isExtended: true });
      const { queue, work } = pgBossSettings(timing);
      expect(queue).to.include({ heartbeatSeconds, retryLimit: 2 });
      expect(work).to.deep.equal({ heartbeatRefreshSeconds: visibilityTimeout / 3 });
      // A duplicate waits first, and still has time to run.
      expect(queue.expireInSeconds).to.be.at.least(timing.method.wait + 600);
    }
  });
});
