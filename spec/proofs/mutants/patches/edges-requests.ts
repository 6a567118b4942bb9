import { specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Reading requests: bodies, messages, headers, and what is an event. */
export const edgesRequests: readonly Mutant[] = [
  {
    name: 'condition-demands-parts',
    flaw: 'A filter in a key demands all parts that its condition reads, and refuses calls for items that it skips.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/jmespath/jmespath.ts',
        replace: "needsParts && part !== 'condition'",
        by: 'needsParts',
      },
    ],
    caughtBy: [tests('key/keys', 'what counts as a value in a key')],
  },
  {
    name: 'any-message-is-a-notification',
    flaw: 'Any SQS body with a `Message` is taken for a notification of SNS, and its text decoded.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/request/events/lambda-payloads.ts',
        replace: "isObject(value) && value.Type === 'Notification' && isText(value.TopicArn)",
        by: "isObject(value) && 'Message' in value",
      },
    ],
    caughtBy: [specs('request/imitated-events')],
  },
  {
    name: 'bytes-are-text',
    flaw: 'Bytes that are no UTF-8 become text, so that two images have one key.',
    changes: [
      {
        file: 'lib/request/events/decoding.ts',
        replace: 'isUtf8(bytes) ? bytes.toString() : bytes',
        by: 'bytes.toString()',
      },
    ],
    caughtBy: [specs('request/request-bytes')],
  },
  {
    name: 'base64-with-anything-in-it',
    flaw: 'What is no base64 is skipped, so that two texts are one value.',
    changes: [
      {
        file: 'lib/request/events/decoding.ts',
        replace: "if (bytes.toString('base64url') === inOneForm) return bytes;",
        by: 'if (inOneForm) return bytes;',
      },
    ],
    caughtBy: [specs('request/request-bytes')],
  },
  {
    name: 'functions-take-bytes',
    flaw: 'Functions of an expression take bytes for an object with a property for each of them.',
    changes: [
      {
        file: 'lib/jmespath/jmespath.ts',
        replace: 'if (ArrayBuffer.isView(argument))',
        by: 'if (ArrayBuffer.isView(argument) && argument.byteLength === 0)',
      },
    ],
    caughtBy: [specs('request/request-bytes')],
  },
  {
    name: 'batch-decoded-whole',
    flaw: 'Each record of a batch is decoded, and one that cannot be decoded refuses a key that selects another.',
    changes: [
      {
        file: 'lib/request/events/lambda-events.ts',
        replace: 'return new Proxy([...list], {',
        by: 'for (const one of list) Object.values(decodedBy(one, shapes().ofRecords) as object).map((part) => Object.values(part));\n  return new Proxy([...list], {',
      },
    ],
    caughtBy: [specs('request/lambda-events')],
  },
  {
    name: 'body-refused-for-its-looks',
    flaw: 'A message that holds an event, such as one of S3 in a queue, is refused as if it were the delivery.',
    changes: [
      {
        file: 'lib/request/events/whole-events.ts',
        replace: 'isDecodedCopy(value) || args.has(value) ? value : undefined',
        by: 'isDecodedCopy(value) || args ? value : undefined',
      },
    ],
    caughtBy: [specs('request/imitated-events')],
  },
  {
    name: 'imitation-is-our-fault',
    flaw: 'A sender that imitates an event is told that the service is configured wrongly.',
    changes: [
      {
        file: 'lib/key/selection.ts',
        replace: 'args.some(isLambdaContext) && (Array.isArray(first) || ofFirst !== undefined)',
        by: 'Array.isArray(first) || ofFirst !== undefined',
      },
    ],
    caughtBy: [specs('request/imitated-events')],
  },
  {
    name: 'numbers-of-a-header-cut-to-bytes',
    flaw: 'A list of numbers that are no bytes is cut to bytes, so that two headers of Kafka are one.',
    changes: [
      {
        file: 'lib/request/events/lambda-payloads.ts',
        replace: 'Array.isArray(value) && value.every(isByte)',
        by: 'Array.isArray(value)',
      },
    ],
    caughtBy: [specs('request/request-headers')],
  },
  {
    name: 'first-of-several-headers',
    flaw: 'Of a header that was sent with two values the first is the key, whatever the other is.',
    changes: [
      {
        file: 'lib/request/events/header.ts',
        replace: 'if (values.size > 1) return [...values];',
        by: '',
      },
    ],
    caughtBy: [specs('request/request-headers')],
  },
  {
    name: 'escapes-left-as-text',
    flaw: 'A field of a form whose escapes are no UTF-8 is the text of its escapes, which another field may have as its value.',
    changes: [
      {
        file: 'lib/request/events/form-fields.ts',
        replace: "return Buffer.from(text, 'utf16le');",
        by: 'return text;',
      },
    ],
    caughtBy: [specs('request/form-bodies')],
  },
];
