import { Client, type ClientConfig, type Pool, type PoolConfig } from 'pg';
import { restOfTurn } from './deployment.js';
import type { PostgresFixture } from './postgres.js';
import { TcpProxy } from './tcp-proxy.js';

// A replace has the key, the token, when it expires, the state, and the token that it follows; before each its length. Before the
// last there are no bytes, where the table has a column for them.
const replace = /UPDATE [\s\S]* AS held (?![\s\S]*AND held\.token = next\.follows)[\s\S]*/.source;
const inProgress = String.raw`([\w-]{16})\.\d+\0[\s\S]*"status":"in-progress"[\s\S]*\}(?:\0{4})?[\s\S]{4}`;

/** How the statements of a store and of transactions read on their way. */
export const statement = {
  claim: /INSERT INTO [\s\S]* AS held /,
  renewal: new RegExp(String.raw`${replace}${inProgress}\1\.\d`),
  'take-over': new RegExp(String.raw`${replace}${inProgress}(?!\1)[\w-]{16}\.\d`),
  completion: new RegExp(`${replace}"status":"completed"`),
  release: new RegExp(`${replace}"status":"released"`),
  unknown: new RegExp(`${replace}"status":"unknown"`),
  find: /SELECT (?:held\.)?token, [\s\S]* WHERE (?:held\.)?key = /,
  /** A completion in the application's own transaction. */
  complete: /AND held\.token = next\.follows/,
  begin: /^Q[\s\S]{4}BEGIN/,
  commit: /^Q[\s\S]{4}COMMIT/,
  rollback: /^Q[\s\S]{4}ROLLBACK/,
  listen: /^Q[\s\S]{4}LISTEN/,
} as const;

// Of connections that a spec loses, some stay in use for ever; and none is closed because fake time passes.
const pooled = { max: 20, idleTimeoutMillis: 0 } as const;

/** The network between clients and a server of PostgreSQL, and what the clients of this process wait for. */
export class PostgresProxy extends TcpProxy {
  #asked = 0;
  readonly #watchers = new Set<() => void>();

  constructor(readonly postgres: PostgresFixture) {
    super({
      get host() {
        return new Client(postgres.connection).host;
      },
      get port() {
        return new Client(postgres.connection).port;
      },
    });
  }

  /** What a client whose statements go through the proxy is made with. */
  get connection(): ClientConfig {
    const { user, password, database } = new Client(this.postgres.connection);
    return { ...this.endpoint, user, password: password ?? undefined, database };
  }

  /** A pool whose statements go through the proxy. */
  pool(options: PoolConfig = {}): Pool {
    return this.#watch(this.postgres.pool({ ...this.connection, ...pooled, ...options }));
  }

  /** A pool that reaches the server by itself, as another machine does. */
  directPool(options: PoolConfig = {}): Pool {
    return this.#watch(this.postgres.pool({ ...pooled, ...options }));
  }

  /** Resolves when all queries of this process have their answers, but for those that get none for now. */
  async quiet(): Promise<void> {
    for (let calmTurns = 0; calmTurns < 5; calmTurns += 1) {
      while (this.#asked > this.#parked) {
        calmTurns = 0;
        await new Promise<void>((resolve) => {
          this.#watchers.add(resolve);
          // What is parked is seen by the proxy alone.
          setImmediate(resolve);
        });
      }
      await restOfTurn();
    }
  }

  get #parked(): number {
    const parked = this.seen.filter(
      ({ fate, isAnswered }) => fate === 'hang' || (fate === 'swallow' && isAnswered),
    );
    return parked.length + this.held.filter(({ fate }) => fate === 'hold').length;
  }

  /** Counts the queries of a pool, on the connections that are taken out of it as well. */
  #watch(pool: Pool): Pool {
    pool.query = this.#counted(pool.query.bind(pool));
    pool.connect = this.#counted(pool.connect.bind(pool));
    pool.on('connect', (client) => {
      client.query = this.#counted(client.query.bind(client));
    });
    return pool;
  }

  #counted<T>(query: T): T {
    return ((...args: unknown[]) => {
      const answer = (query as (...args: unknown[]) => unknown)(...args);
      // A pool asks its connections by callbacks, which are counted as its own.
      if (answer instanceof Promise) this.#count(answer);
      return answer;
    }) as T;
  }

  #count(answer: Promise<unknown>): void {
    this.#asked += 1;
    const end = () => {
      this.#asked -= 1;
      for (const wake of this.#watchers) wake();
      this.#watchers.clear();
    };
    answer.then(end, end);
  }
}

/** Gives the specs of a `describe` a proxy before their server. Where there is none they are pending. */
export function usePostgresProxy(postgres: PostgresFixture): PostgresProxy {
  const proxy = new PostgresProxy(postgres);
  before(function () {
    postgres.needsServer(this);
    return proxy.start();
  });
  beforeEach(() => proxy.reset());
  // What is never answered would keep the fixture from ending its pools.
  afterEach(() => proxy.breakConnections());
  after(() => proxy.stop());
  return proxy;
}
