import { tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const consumer = 'lib/queues/rabbitmq/idempotent-consumer.ts';
const copies = 'lib/queues/rabbitmq/confirmed-copies.ts';
const spec = 'queues/rabbitmq';

/** Consumers of RabbitMQ. */
export const queuesRabbitMQ: readonly Mutant[] = [
  {
    name: 'rabbitmq-acknowledged-unheard',
    flaw: 'A message whose dead letters have no queue is acknowledged, since RabbitMQ confirms what it could route nowhere.',
    changes: [
      {
        file: copies,
        replace: 'if (this.#returned.delete(copy))',
        by: 'if (this.#returned.delete(undefined))',
      },
    ],
    caughtBy: [tests(spec, 'whose dead letters have no queue')],
  },
  {
    name: 'rabbitmq-duplicates-fail',
    flaw: 'Each time that a duplicate of a running call is put off counts as a failure, so that a store that is down for long fills the dead letters.',
    changes: [
      {
        file: consumer,
        replace: 'return putOff(message, settlement.afterSeconds, failures);',
        by: 'return putOff(message, settlement.afterSeconds, failures + 1);',
      },
    ],
    caughtBy: [tests(spec, 'comes back at once')],
  },
  {
    name: 'rabbitmq-hot-loop',
    flaw: 'A message whose method fails goes back to the head of its queue, and fails again at once, for ever.',
    changes: [
      {
        file: consumer,
        replace: 'return putOff(message, failureDelaySeconds(all, options), all);',
        by: 'return Promise.resolve(channel.nack(message, false, true));',
      },
    ],
    caughtBy: [tests(spec, 'longer after each time')],
  },
  {
    name: 'rabbitmq-copies-of-copies',
    flaw: 'What is put off is routed once more to the queues that its publisher named in the header CC.',
    changes: [
      {
        file: copies,
        replace: "['CC', 'BCC', 'x-delivery-count', 'x-death']",
        by: "['BCC', 'x-delivery-count', 'x-death']",
      },
    ],
    caughtBy: [tests(spec, 'as it was published')],
  },
  {
    name: 'rabbitmq-circles',
    flaw: 'A message that expired in its queue once is dropped by RabbitMQ when it comes back from a delay queue.',
    changes: [{ file: copies, replace: "'x-delivery-count', 'x-death']", by: "'x-delivery-count']" }],
    caughtBy: [tests(spec, 'for no circle')],
  },
  {
    name: 'rabbitmq-expiring-dead-letters',
    flaw: 'A dead letter expires with the expiration of its message, before a person has seen it.',
    changes: [{ file: copies, replace: 'delete kept.expiration;', by: '' }],
    caughtBy: [tests(spec, 'a broken request')],
  },
];
