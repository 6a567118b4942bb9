import { specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const settling = 'lib/queues/core/sqs-settling.ts';
const parking = 'lib/queues/core/sqs-parking.ts';

/** What the consumers of SQS can do wrong. */
export const queuesSqs: readonly Mutant[] = [
  {
    name: 'sqs-deleted-before-parked',
    flaw: 'A message is deleted although the parking queue has not confirmed its copy.',
    changes: [
      {
        file: settling,
        replace: "      return 'kept';\n    }\n  }",
        by: "      return 'parked';\n    }\n  }",
      },
    ],
    caughtBy: [tests('queues/sqs', 'parking queue has not confirmed')],
  },
  {
    name: 'sqs-receives-spent-at-once',
    flaw: 'Where the store is down, each message comes back every few seconds, and is in the dead-letter queue within a minute.',
    changes: [
      {
        file: settling,
        replace: 'if (!saysWhen && retryDelay === undefined) return;',
        by: 'void retryDelay, saysWhen;',
      },
    ],
    caughtBy: [tests('queues/sqs', 'each receive is spent')],
  },
  {
    name: 'sqs-fractions-of-seconds',
    flaw: 'SQS is asked for a fraction of a second, and refuses.',
    changes: [
      {
        file: settling,
        replace: 'Math.ceil(afterSeconds * 2 ** Math.min(message.receives - 1, 16))',
        by: 'afterSeconds * 2 ** Math.min(message.receives - 1, 16)',
      },
    ],
    caughtBy: [tests('queues/sqs', 'in whole seconds')],
  },
  {
    name: 'sqs-waited-for-ever',
    flaw: 'An invocation ends while it waits for SQS, and all of its batch comes back.',
    changes: [
      {
        file: settling,
        replace: 'const limitMs = Math.min(LONGEST_SETTLING_MS, remainingMs - RESPONSE_MS);',
        by: 'const limitMs = LONGEST_SETTLING_MS + 0 * (remainingMs - RESPONSE_MS);',
      },
    ],
    caughtBy: [tests('queues/sqs', 'no longer than the invocation')],
  },
  {
    name: 'sqs-parked-without-attributes',
    flaw: 'A parked message has lost its attributes.',
    changes: [
      { file: parking, replace: '{ ...attributes, ...reasons }', by: '{ ...(attributes && reasons) }' },
    ],
    caughtBy: [tests('queues/sqs', 'with its attributes and the reason')],
  },
  {
    name: 'sqs-parked-once-for-two',
    flaw: 'Of two messages of a FIFO queue that a sender gave one body, only one is parked, and both are deleted.',
    changes: [
      { file: parking, replace: 'MessageDeduplicationId: id', by: 'MessageDeduplicationId: groupId ?? id' },
    ],
    caughtBy: [specs('queues/sqs-fifo')],
  },
  {
    name: 'sqs-poison-blocks-its-group',
    flaw: 'A message that is parked counts as a failure, so that its group waits for it.',
    changes: [
      {
        file: 'lib/queues/sqs/record-handler.ts',
        replace: "if (end === 'parked') return undefined;",
        by: '',
      },
    ],
    caughtBy: [tests('queues/sqs-fifo', 'goes on with its group')],
  },
  {
    name: 'sqs-consumer-deletes-what-is-kept',
    flaw: 'A message that is to come back is deleted: version 11 of sqs-consumer acknowledges where nothing is returned.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/queues/sqs-consumer/message-handler.ts',
        replace: "if (end === 'kept') return {} as M;",
        by: "if (end === 'kept') return undefined as unknown as M;",
      },
    ],
    caughtBy: [tests('queues/sqs-consumer', 'sqs-consumer-11 brings a duplicate back')],
  },
];
