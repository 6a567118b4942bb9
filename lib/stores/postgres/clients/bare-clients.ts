import { hasMethod, hasProperty } from '../../shared/client-shape.js';

/** A library whose clients need a wrapper: how its clients are recognised, and the wrapper. */
interface Library {
  readonly isClient: (value: unknown) => boolean;
  /** The wrapper for a store's client. */
  readonly client: string;
  /** The wrapper for a transaction. */
  readonly transaction: string;
}

/** Each is recognised by what no client has that needs no wrapper. */
const libraries: readonly Library[] = [
  {
    isClient: (value) => hasMethod(value, '$queryRawUnsafe'),
    client: 'fromPrisma(prisma)',
    transaction: 'fromPrisma(tx)',
  },
  {
    // A DataSource, EntityManager or Repository; a QueryRunner.
    isClient: (value) =>
      hasMethod(value, 'query') &&
      (hasMethod(value, 'createQueryBuilder') || hasMethod(value, 'startTransaction')),
    client: 'fromTypeORM(dataSource)',
    transaction: 'fromTypeORM(manager)',
  },
  {
    isClient: (value) => hasMethod(value, 'query') && hasMethod(value, 'define'),
    client: 'fromSequelize(sequelize)',
    transaction: 'fromSequelize(sequelize, transaction)',
  },
  {
    isClient: (value) => hasMethod(value, 'commit') && hasProperty(value, 'sequelize'),
    client: 'fromSequelize(sequelize)',
    transaction: 'fromSequelize(sequelize, transaction)',
  },
  {
    isClient: (value) => hasMethod(value, 'executeQuery') && hasMethod(value, 'selectFrom'),
    client: 'fromKysely(kysely)',
    transaction: 'fromKysely(tx)',
  },
  {
    isClient: (value) => hasMethod(value, 'raw') && hasMethod(value, 'transaction'),
    client: 'fromKnex(knex)',
    transaction: 'fromKnex(tx)',
  },
  {
    isClient: (value) =>
      hasMethod(value, 'execute') && hasMethod(value, 'select') && hasMethod(value, 'insert'),
    client: 'fromDrizzle(db)',
    transaction: 'fromDrizzle(tx)',
  },
  {
    isClient: (value) => hasMethod(value, 'unsafe') && hasMethod(value, 'typed'),
    client: 'fromPostgresJs(sql)',
    transaction: 'fromPostgresJs(tx)',
  },
];

/** Returns the wrappers for a client of a known library, and `undefined` for any other client. */
export function wrapperFor(value: unknown): Omit<Library, 'isClient'> | undefined {
  return libraries.find(({ isClient }) => isClient(value));
}
