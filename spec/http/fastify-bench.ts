import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import { type FastifyIdempotencyOptions, idempotency } from 'retrysafe/fastify';
import { HeldStore } from './suite/controlled-application.js';
import { HttpClient } from './suite/http-client.js';

/** A Fastify application with the guard, that listens, and what a spec needs of it. */
export interface FastifyBench {
  readonly app: FastifyInstance;
  readonly client: HttpClient;
  readonly store: HeldStore;
}

export interface FastifyBenchOptions {
  /** Options of the plugin, besides a store and `scope: 'public'`. */
  readonly guard?: Partial<FastifyIdempotencyOptions>;
  readonly server?: FastifyServerOptions;
  /** Registers what comes before the plugin. */
  readonly before?: (app: FastifyInstance) => unknown;
}

let keys = 0;

/** Returns a key that no other test uses. */
export function newKey(): string {
  keys += 1;
  return `key-${keys}`;
}

/** Marks a route. */
export const guarded = { config: { idempotency: true } } as const;

/** Returns what starts applications, which end after each test of the `describe`. */
export function fastifyBench() {
  let ends: (() => Promise<void>)[] = [];

  afterEach(async () => {
    await Promise.all(ends.map((end) => end()));
    ends = [];
  });

  return async (
    declare: (app: FastifyInstance, store: HeldStore) => unknown,
    { guard, server, before }: FastifyBenchOptions = {},
  ): Promise<FastifyBench> => {
    const app = fastify({ forceCloseConnections: true, ...server });
    const store = new HeldStore();
    await before?.(app);
    await app.register(idempotency, { store, scope: 'public', ...guard });
    await declare(app, store);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = new HttpClient((app.server.address() as AddressInfo).port);
    ends.push(async () => {
      client.close();
      await app.close();
    });
    return { app, client, store };
  };
}
