/** A library whose clients do not fit as they are: how one is told, and what makes it fit. */
interface Library {
  readonly isOfIt: (value: unknown) => boolean;
  /** For a store's client. */
  readonly client: string;
  /** For a transaction. */
  readonly transaction: string;
}

/** By what each of them has and no client that fits does. */
const libraries: readonly Library[] = [
  {
    isOfIt: (value) => can(value, '$queryRawUnsafe'),
    client: 'fromPrisma(prisma)',
    transaction: 'fromPrisma(tx)',
  },
  {
    // A DataSource, EntityManager or Repository; a QueryRunner.
    isOfIt: (value) =>
      can(value, 'query') && (can(value, 'createQueryBuilder') || can(value, 'startTransaction')),
    client: 'fromTypeORM(dataSource)',
    transaction: 'fromTypeORM(manager)',
  },
  {
    isOfIt: (value) => can(value, 'query') && can(value, 'define'),
    client: 'fromSequelize(sequelize)',
    transaction: 'fromSequelize(sequelize, transaction)',
  },
  {
    isOfIt: (value) => can(value, 'commit') && has(value, 'sequelize'),
    client: 'fromSequelize(sequelize)',
    transaction: 'fromSequelize(sequelize, transaction)',
  },
  {
    isOfIt: (value) => can(value, 'executeQuery') && can(value, 'selectFrom'),
    client: 'fromKysely(kysely)',
    transaction: 'fromKysely(tx)',
  },
  {
    isOfIt: (value) => can(value, 'raw') && can(value, 'transaction'),
    client: 'fromKnex(knex)',
    transaction: 'fromKnex(tx)',
  },
  {
    isOfIt: (value) => can(value, 'execute') && can(value, 'select') && can(value, 'insert'),
    client: 'fromDrizzle(db)',
    transaction: 'fromDrizzle(tx)',
  },
  {
    isOfIt: (value) => can(value, 'unsafe') && can(value, 'typed'),
    client: 'fromPostgresJs(sql)',
    transaction: 'fromPostgresJs(tx)',
  },
];

/** What makes a client of a known library fit; nothing where it is none. */
export function wrapperFor(value: unknown): Omit<Library, 'isOfIt'> | undefined {
  return libraries.find(({ isOfIt }) => isOfIt(value));
}

function can(value: unknown, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[name] === 'function';
}

function has(value: unknown, name: string): boolean {
  return name in Object(value);
}
