import type { DynamoDBProxy, Fate } from '../../support/dynamodb-proxy.js';
import type { RequestKind } from '../../support/dynamodb-requests.js';
import { statement } from '../../support/postgres-proxy.js';
import type { Pattern, TcpProxy } from '../../support/tcp-proxy.js';

/** Which requests something happens to: those that keep or take a key, those that end a run, or transactions. */
export type Aim = 'claims' | 'outcomes' | 'transactions';

/** What can happen to a request: its answer is lost, or it is, or it arrives much later. */
export type RequestFate = 'lose' | 'swallow' | 'hold' | 'late';

/** The network between the workers and the server of one store. */
export interface Network {
  /** How many requests met a fate since it was last healed. */
  readonly met: number;
  /** How many of them have not been delivered. */
  readonly held: number;
  /** The next so many requests meet that fate. */
  next(aim: Aim, fate: RequestFate, count: number): void;
  /** Delivers what was held back. Resolves when the server has answered it, or is gone. */
  deliver(): Promise<void>;
  /** Breaks all connections. */
  cut(): void;
  /** Lets everything pass again. */
  heal(): void;
  stop(): Promise<void>;
}

const tcpPatterns: Readonly<Record<Aim, Pattern>> = {
  claims: /"status":"in-progress"/,
  outcomes: /"status":"(?:completed|released|unknown)"/,
  transactions: statement.commit,
};

/** Redis and PostgreSQL. */
export class TcpNetwork implements Network {
  constructor(readonly proxy: TcpProxy) {}

  get met(): number {
    return this.proxy.seen.filter(({ fate }) => fate !== 'pass').length;
  }

  get held(): number {
    return this.proxy.held.length;
  }

  next(aim: Aim, fate: RequestFate, count: number): void {
    this.proxy.next(tcpPatterns[aim], ...Array.from({ length: count }, () => fate));
  }

  async deliver(): Promise<void> {
    await Promise.allSettled(this.proxy.held.slice().map((held) => held.deliver()));
  }

  cut(): void {
    this.proxy.breakConnections();
  }

  heal(): void {
    this.proxy.reset();
  }

  stop(): Promise<void> {
    return this.proxy.stop();
  }
}

const requestKinds: Readonly<Record<Aim, readonly RequestKind[]>> = {
  claims: ['claim', 'take-over', 'renewal'],
  outcomes: ['completion', 'release', 'unknown'],
  transactions: ['transaction'],
};

export class DynamoDBNetwork implements Network {
  constructor(readonly proxy: DynamoDBProxy) {}

  get met(): number {
    return this.proxy.seen.filter(({ fate }) => fate !== 'pass').length;
  }

  get held(): number {
    return this.proxy.held.length;
  }

  next(aim: Aim, fate: RequestFate & Fate, count: number): void {
    for (const kind of requestKinds[aim]) this.proxy.next(kind, ...Array.from({ length: count }, () => fate));
  }

  async deliver(): Promise<void> {
    await Promise.allSettled(this.proxy.held.splice(0).map((held) => held.deliver()));
  }

  cut(): void {
    this.proxy.breakConnections();
  }

  heal(): void {
    this.proxy.reset();
    // No client is left to wait for the response.
    this.proxy.breakConnections();
  }

  stop(): Promise<void> {
    return this.proxy.stop();
  }
}
