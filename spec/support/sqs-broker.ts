import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// biome-ignore lint/suspicious/noExplicitAny: requests of every operation, as the AWS SDK writes them
export type SqsRequest = any;

/** An error that a client gets. */
export class SqsFault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A message as its sender sees it. */
export interface SentMessage {
  readonly queue: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, { readonly DataType: string; readonly StringValue?: string }>>;
}

interface Queue {
  readonly name: string;
  attributes: Record<string, string>;
}

interface Message extends SentMessage {
  readonly id: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly order: number;
  readonly sentAt: number;
  readonly receives: number;
  readonly receivedAt?: number;
  readonly handle?: string;
  /** It is hidden until then. */
  readonly visibleAt: number;
}

/** One line of the journal: what a queue or a message is from now on. A message without content is gone. */
type Entry =
  | { readonly queue: Queue }
  | { readonly message: Message }
  | { readonly gone: string }
  | { readonly deduplicated: { readonly key: string; readonly id: string; readonly at: number } };

const LONGEST_HIDING_MS = 43_200_000;
const DEDUPLICATION_MS = 300_000;

/**
 * Queues with the rules of SQS: visibility timeouts, counts of receives, redrive, delays of a queue, message attributes only for who asks; FIFO queues with
 * deduplication, and groups of which several messages come in one batch, in their order, and none while one of it is hidden. It writes each
 * change to a journal before it returns, so that a kill loses nothing.
 */
export class SqsBroker {
  readonly #journal: string;
  readonly #queues = new Map<string, Queue>();
  readonly #messages = new Map<string, Message>();
  readonly #deduplicated = new Map<string, { readonly id: string; readonly at: number }>();
  #order = 0;

  constructor(
    folder: string,
    readonly endpoint: string,
  ) {
    this.#journal = join(folder, 'journal');
    if (!existsSync(this.#journal)) return;
    // A kill may have cut the last line, of which nobody has heard.
    const lines = readFileSync(this.#journal, 'utf8').split('\n').slice(0, -1);
    for (const line of lines) this.#apply(JSON.parse(line));
  }

  #write(...entries: readonly Entry[]): void {
    appendFileSync(this.#journal, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    for (const entry of entries) this.#apply(entry);
  }

  #apply(entry: Entry): void {
    if ('queue' in entry) this.#queues.set(entry.queue.name, entry.queue);
    else if ('gone' in entry) this.#messages.delete(entry.gone);
    else if ('deduplicated' in entry) this.#deduplicated.set(entry.deduplicated.key, entry.deduplicated);
    else {
      this.#messages.set(entry.message.id, entry.message);
      this.#order = Math.max(this.#order, entry.message.order);
    }
  }

  createQueue({ QueueName, Attributes = {} }: SqsRequest): object {
    this.#write({ queue: { name: QueueName, attributes: Attributes } });
    return { QueueUrl: `${this.endpoint}/000000000000/${QueueName}` };
  }

  queueAttributes({ QueueUrl }: SqsRequest): object {
    const { name, attributes } = this.#queueOf(QueueUrl);
    const all = this.#messagesOf(name);
    const hidden = all.filter(isHidden);
    return {
      Attributes: {
        ...attributes,
        QueueArn: `arn:aws:sqs:eu-west-1:000000000000:${name}`,
        ApproximateNumberOfMessages: String(all.length - hidden.length),
        ApproximateNumberOfMessagesNotVisible: String(hidden.length),
      },
    };
  }

  send(request: SqsRequest): object {
    const { QueueUrl, MessageBody, MessageAttributes = {}, MessageGroupId, MessageDeduplicationId } = request;
    const { name } = this.#queueOf(QueueUrl);
    checkContent(MessageBody, MessageAttributes);
    const isFifo = name.endsWith('.fifo');
    if (isFifo && !(MessageGroupId && MessageDeduplicationId))
      throw new SqsFault('MissingParameter', 'The request must contain the parameter MessageGroupId.');
    if (!isFifo && MessageDeduplicationId)
      throw new SqsFault('InvalidParameterValue', 'MessageDeduplicationId is for FIFO queues.');
    const now = Date.now();
    const key = `${name}/${MessageDeduplicationId}`;
    const earlier = isFifo ? this.#deduplicated.get(key) : undefined;
    const isDuplicate = earlier !== undefined && now - earlier.at < DEDUPLICATION_MS;
    const id = isDuplicate ? earlier.id : randomUUID();
    if (!isDuplicate) {
      const message: Message = {
        id,
        queue: name,
        body: MessageBody,
        attributes: MessageAttributes,
        ...(MessageGroupId && { groupId: MessageGroupId }),
        ...(isFifo && { deduplicationId: MessageDeduplicationId }),
        order: this.#order + 1,
        sentAt: now,
        receives: 0,
        visibleAt: now,
      };
      this.#write(...(isFifo ? [{ deduplicated: { key, id, at: now } }] : []), { message });
    }
    return { MessageId: id, MD5OfMessageBody: md5(MessageBody) };
  }

  receive(request: SqsRequest): object {
    const { QueueUrl, MaxNumberOfMessages = 1, VisibilityTimeout } = request;
    const { name, attributes } = this.#queueOf(QueueUrl);
    const seconds = VisibilityTimeout ?? Number(attributes.VisibilityTimeout ?? 30);
    const policy = attributes.RedrivePolicy ? JSON.parse(attributes.RedrivePolicy) : undefined;
    const received: Message[] = [];
    const blocked = new Set(
      name.endsWith('.fifo')
        ? this.#messagesOf(name)
            .filter(isHidden)
            .map(({ groupId }) => groupId)
        : [],
    );
    for (const message of this.#messagesOf(name)) {
      if (received.length === MaxNumberOfMessages) break;
      if (isHidden(message) || (blocked.size > 0 && blocked.has(message.groupId))) continue;
      if (policy && message.receives >= Number(policy.maxReceiveCount)) {
        this.#redrive(message, policy.deadLetterTargetArn);
        continue;
      }
      const now = Date.now();
      const receives = message.receives + 1;
      const visibleAt = now + seconds * 1_000;
      received.push({ ...message, receives, receivedAt: now, handle: randomUUID(), visibleAt });
    }
    this.#write(...received.map((message) => ({ message })));
    return received.length === 0 ? {} : { Messages: received.map((message) => shown(message, request)) };
  }

  delete({ QueueUrl, ReceiptHandle }: SqsRequest): object {
    const { name } = this.#queueOf(QueueUrl);
    const message = this.#messagesOf(name).find(({ handle }) => handle === ReceiptHandle);
    if (message) this.#write({ gone: message.id });
    return {};
  }

  changeVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout }: SqsRequest): object {
    const { name } = this.#queueOf(QueueUrl);
    if (!Number.isInteger(VisibilityTimeout) || VisibilityTimeout < 0 || VisibilityTimeout > 43_200)
      throw new SqsFault('InvalidParameterValue', `VisibilityTimeout ${VisibilityTimeout} is invalid.`);
    const message = this.#messagesOf(name).find(({ handle }) => handle === ReceiptHandle);
    if (!message || !isHidden(message))
      throw new SqsFault('MessageNotInflight', 'The message is not in flight.');
    const visibleAt = Date.now() + VisibilityTimeout * 1_000;
    if (visibleAt - (message.receivedAt ?? 0) > LONGEST_HIDING_MS)
      throw new SqsFault('InvalidParameterValue', 'Total VisibilityTimeout is beyond the limit.');
    this.#write({ message: { ...message, visibleAt } });
    return {};
  }

  /** Everything that is there at this moment, with the name of its queue. */
  all(): SentMessage[] {
    return [...this.#messages.values()].map(({ queue, body, attributes }) => ({ queue, body, attributes }));
  }

  #redrive({ receivedAt: _, handle: __, ...message }: Message, deadLetterTargetArn: string): void {
    const queue = deadLetterTargetArn.split(':').at(-1) as string;
    this.#write({ message: { ...message, queue, order: this.#order + 1, visibleAt: Date.now() } });
  }

  #queueOf(url: string): Queue {
    const queue = this.#queues.get(String(url).split('/').at(-1) as string);
    if (queue) return queue;
    throw new SqsFault('QueueDoesNotExist', 'The specified queue does not exist.');
  }

  /** In the order in which they were sent. */
  #messagesOf(name: string): Message[] {
    const its = [...this.#messages.values()].filter(({ queue }) => queue === name);
    return its.sort((one, other) => one.order - other.order);
  }
}

function isHidden({ visibleAt }: Message): boolean {
  return visibleAt > Date.now();
}

/** A message as its receiver sees it, with the attributes that this one has asked for. */
function shown(message: Message, request: SqsRequest): object {
  const { MessageAttributeNames = [], MessageSystemAttributeNames = [], AttributeNames = [] } = request;
  const asked = [...MessageSystemAttributeNames, ...AttributeNames];
  const system = {
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.receivedAt),
    SentTimestamp: String(message.sentAt),
    SenderId: 'AIDAIENQZJOLO23YVJ4VO',
    ...(message.groupId && { MessageGroupId: message.groupId }),
    ...(message.deduplicationId && { MessageDeduplicationId: message.deduplicationId }),
    ...(message.deduplicationId && { SequenceNumber: String(message.order).padStart(20, '0') }),
  };
  const some = (all: object, names: readonly string[]) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name)));
  return {
    MessageId: message.id,
    ReceiptHandle: message.handle,
    Body: message.body,
    MD5OfBody: md5(message.body),
    Attributes: some(system, asked),
    MessageAttributes: some(message.attributes, MessageAttributeNames),
  };
}

/** @throws {SqsFault} for a content that SQS refuses. */
function checkContent(body: unknown, attributes: SqsRequest): void {
  const invalid = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
  if (typeof body !== 'string' || body === '' || invalid.test(body))
    throw new SqsFault('InvalidMessageContents', 'The message body is empty or has invalid characters.');
  const all = Object.entries<SqsRequest>(attributes);
  if (all.length > 10)
    throw new SqsFault(
      'InvalidParameterValue',
      'Number of message attributes exceeds the allowed maximum [10].',
    );
  for (const [name, { DataType, StringValue, BinaryValue }] of all) {
    const value = String(DataType).startsWith('Binary') ? BinaryValue : StringValue;
    if (!value || !/^[\w.-]+$/.test(name) || (value === StringValue && invalid.test(value)))
      throw new SqsFault('InvalidParameterValue', `The message attribute '${name}' is invalid.`);
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
