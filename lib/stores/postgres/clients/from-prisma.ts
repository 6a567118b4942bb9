import type { WrappedClient } from '../postgres-client.js';

/** What is called of a `PrismaClient`, or of the client of an interactive transaction. */
export interface PrismaClientLike {
  // biome-ignore lint/suspicious/noExplicitAny: its result is a promise of Prisma's own type
  $queryRawUnsafe(query: string, ...values: any[]): PromiseLike<any>;
}

/** What only some of its clients have. */
interface PrismaSigns {
  /** Absent in the client of a transaction. */
  readonly $connect?: unknown;
  /** Internal to Prisma. Where it is absent, an extended client is not recognised. */
  readonly _extensions?: { isEmpty?(): boolean };
}

/**
 * Wraps a client of Prisma: the result of `new PrismaClient()` for a store, or an interactive transaction for
 * `store.complete()`.
 */
export function fromPrisma(prisma: PrismaClientLike): WrappedClient {
  const { $connect, _extensions } = prisma as PrismaSigns;
  const isTransaction = typeof $connect !== 'function';
  return {
    isTransaction,
    ...(!isTransaction && _extensions?.isEmpty?.() === false && { isAmbient: true }),
    query: async (text, values) => prisma.$queryRawUnsafe(text, ...values),
  };
}
