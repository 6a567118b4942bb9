import type { QueueTiming } from 'retrysafe/queues';

/** A message of the torture: an order to pay. */
export interface Message {
  /** Its idempotency key. A producer that is unsure sends it twice. */
  readonly id: string;
  readonly cents: number;
  /** `poison`: no run of it ever ends well. */
  readonly kind: 'in-transaction' | 'derived-key' | 'poison';
}

/** What the broker still has. */
export interface QueueState {
  /** Messages that are to be delivered, now or later, or are with a worker. */
  readonly open: number;
  /** The messages that were set aside, each as often as it was. */
  readonly parked: readonly { readonly id: string; readonly reason: string }[];
}

/** A broker that the torture started, with a queue. */
export interface RunningQueue {
  /** What a worker process needs to connect: plain JSON. */
  readonly connection: Readonly<Record<string, unknown>>;
  send(messages: readonly Message[]): Promise<void>;
  state(): Promise<QueueState>;
  /** Kills the broker by SIGKILL, and starts it again with what is on its disk. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** How the torture handles one kind of queue. Each file of this folder that is named after a queue exports one as `queue`. */
export interface QueueUnderTest {
  readonly name: string;
  /** The least Node.js that its client runs on. */
  readonly node: number;
  /** What the queue and the work are like, by `queueTiming`. Visibility of a few seconds, so that crashes do not take long. */
  readonly timing: QueueTiming;
  /** Starts the broker on loopback, on a free port, and makes the queue. */
  start(): Promise<RunningQueue>;
  /** Begins to consume in this process, by the adapter, several messages at once. Reconnects by itself. */
  consume(
    connection: RunningQueue['connection'],
    handle: (message: Message) => Promise<void>,
  ): Promise<{ stop(): Promise<void> }>;
}
