import pg from 'pg';
import { makeIdempotent } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
export const store = new PostgresStore({ client: pool });

export const placeHold = makeIdempotent(
  async ({ transactionId, amount }) => {
    const body = JSON.stringify({ transactionId, amount });
    const response = await fetch(`${process.env.BANK_URL}/holds`, { method: 'POST', body });
    return response.json();
  },
  {
    name: 'PreFundService.placeHold',
    key: 'transactionId',
    ttl: '7d',
    store,
    onError: () => 'unknown', // the bank may have placed the hold
    onAbandoned: 'refuse', // then a person decides
  },
);
