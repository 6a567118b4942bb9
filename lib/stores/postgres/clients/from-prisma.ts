import type { WrappedClient } from '../postgres-client.js';

/** What is called of a `PrismaClient`, or of the client of an interactive transaction. */
export interface PrismaClientLike {
  // biome-ignore lint/suspicious/noExplicitAny: its result is a promise of Prisma's own kind
  $queryRawUnsafe(query: string, ...values: any[]): PromiseLike<any>;
}

/** What only some of them have. */
interface Told {
  /** Not the client of a transaction. */
  readonly $connect?: unknown;
  /** Prisma's own, and may go: then an extended client cannot be told. */
  readonly _extensions?: { isEmpty?(): boolean };
}

/**
 * A client of Prisma: of what `new PrismaClient()` gave for a store, or of an interactive transaction for
 * `store.complete()`.
 */
export function fromPrisma(prisma: PrismaClientLike): WrappedClient {
  const { $connect, _extensions } = prisma as Told;
  const isTransaction = typeof $connect !== 'function';
  return {
    isTransaction,
    ...(!isTransaction && _extensions?.isEmpty?.() === false && { isAmbient: true }),
    query: async (text, values) => prisma.$queryRawUnsafe(text, ...values),
  };
}
