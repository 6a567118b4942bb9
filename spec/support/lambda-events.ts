import { fixture } from './fixture.js';

// biome-ignore lint/suspicious/noExplicitAny: events of every source
export type LambdaEvent = any;

/** An event that carries a business's text. */
export interface Carrier {
  /** Where that text is, as an expression sees it. */
  readonly path: string;
  /** Puts another text there. */
  readonly put: (event: LambdaEvent, text: string) => void;
  /** Puts bytes there, where the event can carry any. */
  readonly putBytes?: (event: LambdaEvent, bytes: Uint8Array) => void;
}

function inBody(event: LambdaEvent, text: string): void {
  event.body = text;
}

const http: Carrier = {
  path: 'body',
  put: inBody,
  putBytes: (event, bytes) => {
    event.body = Buffer.from(bytes).toString('base64');
    event.isBase64Encoded = true;
  },
};

/** Carries base64 in this property of what `find` finds. */
function base64(path: string, property: string, find: (event: LambdaEvent) => LambdaEvent): Carrier {
  const putBytes = (event: LambdaEvent, bytes: Uint8Array) => {
    find(event)[property] = Buffer.from(bytes).toString('base64');
  };
  return { path, put: (event, text) => putBytes(event, Buffer.from(text)), putBytes };
}

/** Every event that carries text, by the name of its file. */
export const carriers: Readonly<Record<string, Carrier>> = {
  'api-gateway-rest': http,
  'api-gateway-http': http,
  alb: http,
  websocket: http,
  'vpc-lattice-v2': http,
  'function-url': base64('body', 'body', (event) => event),
  'vpc-lattice-v1': {
    path: 'body',
    put: inBody,
    putBytes: (event, bytes) => {
      event.body = Buffer.from(bytes).toString('base64');
      event.is_base64_encoded = true;
    },
  },
  sqs: { path: 'Records[0].body', put: (event, text) => inBody(event.Records[0], text) },
  'pipes-sqs': { path: '[0].body', put: ([record], text) => inBody(record, text) },
  sns: {
    path: 'Records[0].Sns.Message',
    put: (event, text) => {
      event.Records[0].Sns.Message = text;
    },
  },
  'sqs-from-sns': {
    path: 'Records[0].body.Message',
    put: (event, text) => {
      const [record] = event.Records;
      record.body = JSON.stringify({ ...JSON.parse(record.body), Message: text });
    },
  },
  kinesis: base64('Records[0].kinesis.data', 'data', (event) => event.Records[0].kinesis),
  'pipes-kinesis': base64('[0].data', 'data', ([record]) => record),
  msk: base64('records."holds-0"[0].value', 'value', (event) => event.records['holds-0'][0]),
  'kafka-self-managed': base64('records.*[] | [0].value', 'value', (event) => event.records['holds-0'][0]),
  'pipes-kafka': base64('[0].value', 'value', ([record]) => record),
  'active-mq': base64('messages[0].data', 'data', (event) => event.messages[0]),
  'pipes-active-mq': base64('[0].data', 'data', ([record]) => record),
  'rabbit-mq': base64(
    'rmqMessagesByQueue."holds::/"[0].data',
    'data',
    (event) => event.rmqMessagesByQueue['holds::/'][0],
  ),
  'pipes-rabbit-mq': base64('[0].data', 'data', ([record]) => record),
  firehose: base64('records[0].data', 'data', (event) => event.records[0]),
};

/** A fresh copy of an event, with this text in it. */
export function lambdaEvent(file: string, text?: string): LambdaEvent {
  const made = fixture<LambdaEvent>(`request/events/${file}.json`);
  if (text !== undefined) carriers[file]?.put(made, text);
  return made;
}
