import { PostgresServer } from '../../.build/spec-standard/support/postgres-server.js';
import { RedisServer } from '../../.build/spec-standard/support/redis-server.js';
import { schema } from '../../dist/esm/stores/postgres/index.js';

/** The servers that are measured, as durable as in production, and how the two processes open a store on them. */
export const measured = [
  {
    name: 'Redis',
    obstacle: () => (RedisServer.isInstalled ? undefined : 'there is no redis-server on this machine'),
    start: () => RedisServer.start({ appendonly: true }),
    describe: ({ url }, notices) => ({ kind: 'redis', url, prefix: `${notices}:`, notices }),
  },
  {
    name: 'PostgreSQL',
    obstacle: () => PostgresServer.obstacle,
    start: async () => {
      const server = await PostgresServer.start({ durable: true });
      for (const notices of [false, true]) await server.query(schema(tableOf(notices)));
      return server;
    },
    describe: ({ url }, notices) => ({ kind: 'postgres', url, table: tableOf(notices), notices }),
  },
];

function tableOf(notices) {
  return `idempotency_${notices}`;
}
