/** As many connections for every contender; PostgreSQL is slower with more than it has processors for. */
const CONNECTIONS = 16;

/** The client of a store, the same for every contender. */
const kinds = {
  memory: () => ({}),
  dynamodb: async ({ connection }) => {
    const { countingClient } = await import('./counting-client.mjs');
    return countingClient(connection);
  },
  // The version that the adapter of node-idempotency has.
  redis: async ({ url }) => {
    const { createClient } = await import('redis');
    const client = createClient({ url });
    await client.connect();
    return { client };
  },
  postgres: async ({ connection }) => {
    const { default: pg } = await import('pg');
    return { client: new pg.Pool({ ...connection, max: CONNECTIONS }) };
  },
};

export async function clientOf({ kind, ...where }) {
  return await kinds[kind](where);
}
