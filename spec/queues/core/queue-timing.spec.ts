import { expect } from 'chai';
import { ConfigurationError, InMemoryStore, makeIdempotent } from 'retrysafe';
import { type QueueTimingOptions, queueTiming } from 'retrysafe/queues';

describe('the timing of a queue', () => {
  it('fits a visibility timeout of six times the work', () => {
    expect(queueTiming({ visibilityTimeout: 180, maxReceives: 5, workTime: 30 })).to.deep.equal({
      method: { lease: 30, wait: 10, renewFor: 30, ttl: 346_500, maxAttempts: 4 },
      queue: { visibilityTimeout: 180, maxReceives: 5, retention: 345_600 },
    });
  });

  it('lets a lease lapse before a message comes back, and a duplicate that waited still run', () => {
    for (const visibilityTimeout of [4, 10, 30, 45, 60, 300, 3_600]) {
      for (const workTime of [0.5, 1, 5, 20, 40, 250]) {
        if (visibilityTimeout - workTime < 3) continue;
        const { method } = queueTiming({ visibilityTimeout, maxReceives: 3, workTime });
        // The worker dies at the very end of its run. Others take its lease over a second after that has lapsed.
        expect(workTime + method.lease + 1).to.be.at.most(visibilityTimeout);
        expect(method.wait + workTime + 1).to.be.at.most(visibilityTimeout);
        expect(method.renewFor).to.be.at.least(workTime);
        expect(method.renewFor).to.be.at.least(method.lease);
      }
    }
  });

  it('lets work be longer than a visibility that is extended', () => {
    const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 3, workTime: '10m', isExtended: true });
    expect(timing.method).to.include({ lease: 19, wait: 10, renewFor: 600 });
    expect(timing.queue.extendEvery).to.equal(10);
  });

  it('keeps outcomes for as long as a duplicate may come', () => {
    const { method } = queueTiming({ visibilityTimeout: 60, maxReceives: 10, workTime: 5, retention: '14d' });
    expect(method.ttl).to.equal(14 * 86_400 + 600);
  });

  it('leaves the last delivery to find that the attempts are spent', () => {
    for (const maxReceives of [2, 3, 10])
      expect(queueTiming({ visibilityTimeout: 60, maxReceives, workTime: 5 }).method.maxAttempts).to.equal(
        maxReceives - 1,
      );
  });

  it('gives options that a method takes', () => {
    const { method } = queueTiming({ visibilityTimeout: 180, maxReceives: 5, workTime: 30 });
    expect(() =>
      makeIdempotent(async () => {}, { name: 'settle', store: new InMemoryStore(), ...method }),
    ).not.to.throw();
  });

  const wrong: [string, QueueTimingOptions | object, RegExp][] = [
    [
      'a message that comes back while its run goes on',
      { visibilityTimeout: 30, maxReceives: 5, workTime: 30 },
      /"visibilityTimeout" is too short.*expected at least 33 s.*isExtended/,
    ],
    [
      'a visibility that is extended and too short for any lease',
      { visibilityTimeout: 4, maxReceives: 5, workTime: 30, isExtended: true },
      /"visibilityTimeout" is too short.*expected at least 4.5 s/,
    ],
    [
      'a single delivery',
      { visibilityTimeout: 30, maxReceives: 1, workTime: 3 },
      /"maxReceives" is 1; expected.*2/,
    ],
    ['no time of work', { visibilityTimeout: 30, maxReceives: 3 }, /"workTime" is undefined/],
    ['milliseconds', { visibilityTimeout: 30_000_000, maxReceives: 3, workTime: 1 }, /did you mean 30000/],
    ['another option', { visibilityTimeout: 30, maxReceives: 3, workTime: 1, lease: 3 }, /no option "lease"/],
  ];
  for (const [what, options, message] of wrong)
    it(`refuses ${what}`, () => {
      expect(() => queueTiming(options as QueueTimingOptions)).to.throw(ConfigurationError, message);
    });
});
