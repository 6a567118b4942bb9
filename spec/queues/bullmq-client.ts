import { RedisServer, type RedisServerOptions } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { loaded } from './load-client.js';

/** What the specs use of a job of BullMQ. */
export interface Job<Data = Order> {
  readonly id: string;
  readonly data: Data;
  readonly delay: number;
  readonly attemptsMade: number;
  readonly attemptsStarted: number;
  readonly stalledCounter: number;
  readonly failedReason?: string;
  readonly returnvalue: unknown;
  readonly stacktrace: readonly string[];
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
  moveToWaitingChildren(token?: string): Promise<boolean>;
  getState(): Promise<string>;
  promote(): Promise<void>;
}

export interface Order {
  readonly id: string;
  readonly cents?: number;
}

export type Processor = (job: Job, token?: string, signal?: AbortSignal) => Promise<unknown>;
type Options = Readonly<Record<string, unknown>>;

export interface Queue {
  add(name: string, data: unknown, options?: Options): Promise<Job>;
  getJob(id: string): Promise<Job | undefined>;
  getJobCounts(...states: string[]): Promise<Record<string, number>>;
  getFailed(): Promise<Job[]>;
  rateLimit(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface Worker {
  on(event: 'failed', listener: (job: Job, error: Error & { readonly cause?: unknown }) => void): this;
  on(event: 'stalled', listener: (id: string) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  cancelJob(id: string, reason?: string): boolean;
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
}

interface FlowProducer {
  add(flow: unknown): Promise<{ readonly job: Job }>;
  close(): Promise<void>;
}

export interface Client {
  readonly Queue: new (name: string, options: Options) => Queue;
  readonly Worker: {
    new (name: string, processor: Processor | URL, options: Options): Worker;
    RateLimitError(): Error;
  };
  readonly FlowProducer: new (options: Options) => FlowProducer;
}

/** The versions that the specs run. */
export const versions = { 'BullMQ 6': 'bullmq', 'BullMQ 5': 'bullmq-5' };

/** Options of a worker that soon finds stalled jobs. */
export const quick = { lockDuration: 1_000, lockRenewTime: 300, stalledInterval: 100, drainDelay: 1 };

/** A version of BullMQ on a Redis of its own, with a queue for each spec. */
export class BullMQ {
  /** What workers of this spec told as errors. */
  readonly errors: Error[] = [];
  readonly #open: { close(force?: boolean): Promise<unknown> }[] = [];
  #count = 0;
  #queue: Queue | undefined;

  private constructor(
    readonly client: Client,
    readonly redis: RedisServer,
  ) {}

  static async start(name: string, options: RedisServerOptions = {}): Promise<BullMQ> {
    return new BullMQ((await loaded(name)) as Client, await RedisServer.start(options));
  }

  get connection(): Options {
    return { host: this.redis.host, port: this.redis.port, maxRetriesPerRequest: null };
  }

  get name(): string {
    return `settlements-${this.#count}`;
  }

  get queue(): Queue {
    this.#queue ??= this.opened(new this.client.Queue(this.name, { connection: this.connection }));
    return this.#queue;
  }

  /** A worker of the queue. */
  worker(processor: Processor | URL, options: Options = {}, name: string = this.name): Worker {
    const { Worker } = this.client;
    const worker = this.opened(
      new Worker(name, processor, { connection: this.connection, ...quick, ...options }),
    );
    return worker.on('error', (error) => this.errors.push(error));
  }

  flows(): FlowProducer {
    return this.opened(new this.client.FlowProducer({ connection: this.connection }));
  }

  /** Resolves to a job once that is in this state. Rejects where it has ended otherwise. */
  async jobIn(id: string, wanted: string): Promise<Job> {
    return until(`job ${id} ${wanted}`, async () => {
      const state = await (await this.queue.getJob(id))?.getState();
      if (state !== wanted && state !== 'completed' && state !== 'failed') return undefined;
      // It may have changed while its state was asked.
      const job = await this.queue.getJob(id);
      if (state !== wanted) throw new Error(`job ${id} is ${state}: ${job?.failedReason ?? ''}`);
      return job;
    });
  }

  opened<T extends { close(force?: boolean): Promise<unknown> }>(one: T): T {
    this.#open.push(one);
    return one;
  }

  /** Ends what a spec opened: the next one has a queue of its own. */
  async next(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close(true)));
    this.errors.length = 0;
    this.#queue = undefined;
    this.#count += 1;
  }

  async stop(): Promise<void> {
    await this.next();
    await this.redis.stop();
  }
}
