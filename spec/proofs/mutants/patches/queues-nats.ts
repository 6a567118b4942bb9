// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const handler = 'lib/queues/nats/idempotent-handler.ts';
const letter = 'lib/queues/nats/dead-letter.ts';
const spec = 'queues/nats';

/** Handlers of NATS JetStream. */
export const queuesNats: readonly Mutant[] = [
  {
    name: 'nats-acknowledged-first',
    flaw: 'A message is acknowledged before a stream has its dead letter, and is lost where none takes it.',
    changes: [
      {
        file: handler,
        replace: 'await client.publish(deadLetters',
        by: 'message.ack();\n    await client.publish(deadLetters',
      },
    ],
    caughtBy: [tests(spec, 'whose dead letters no stream has')],
  },
  {
    name: 'nats-not-extended',
    flaw: 'A message is delivered to another worker while its method runs.',
    changes: [
      {
        file: handler,
        replace: 'extend(message, extendEveryMs)',
        by: 'extend(message, extendEveryMs && undefined)',
      },
    ],
    caughtBy: [tests(spec, 'however long that takes')],
  },
  {
    name: 'nats-put-off-for-nothing',
    flaw: 'A message whose method fails is delivered again at once.',
    changes: [
      {
        file: handler,
        replace: 'message.nak(Math.ceil(seconds * 1_000));',
        by: 'void seconds;\n  message.nak(0);',
      },
    ],
    caughtBy: [tests(spec, 'longer after each time')],
  },
  {
    name: 'nats-put-off-and-given-up',
    flaw: 'A message that was put off as often as it may fail goes to the dead letters, such as while the store is down.',
    changes: [
      {
        file: handler,
        replace: "if (settlement.do === 'redeliver') return putOff",
        by: "if (settlement.do === 'redeliver' && message.info.deliveryCount < maxReceives) return putOff",
      },
    ],
    caughtBy: [tests(spec, 'while the store is down')],
  },
  {
    name: 'nats-headers-of-the-server',
    flaw: 'A dead letter has the expectations of its message about another stream, so that none takes it.',
    changes: [{ file: letter, replace: 'if (!/^nats-/i.test(name)) for', by: 'for' }],
    caughtBy: [tests(spec, 'a broken request')],
  },
  {
    name: 'nats-dead-letters-twice',
    flaw: 'A message is set aside twice where the acknowledgement of that was lost.',
    changes: [
      {
        file: handler,
        replace: 'const msgID = `${message.info.stream}:${message.seq}`;',
        by: 'const msgID = `${message.info.stream}:${message.seq}:${message.info.deliveryCount}`;',
      },
    ],
    caughtBy: [tests(spec, 'acknowledgement of that was lost')],
  },
];
