import { ttl } from '../payload.mjs';

export const setUp = {
  redis: '`SET NX GET PX` for the claim, which returns what is there, and `SET PX` for the outcome',
  postgres:
    '`INSERT … ON CONFLICT DO NOTHING` for the claim, `UPDATE` for the outcome, and `SELECT` for a replay, on the same pool',
};

export function tableOf(name) {
  return `CREATE TABLE ${name} (key text PRIMARY KEY, outcome text, expires_at bigint NOT NULL)`;
}

const kinds = { redis: onRedis, postgres: onPostgres };

/** The least that keeps the work from being done twice: no hash, no lease that is renewed, no owner, no waiting. */
export function contender({ work, storage, client }) {
  return kinds[storage.kind]({ work, client, ...storage });
}

function onRedis({ work, client }) {
  return async (request) => {
    const key = `hold:${request.body.transactionId}`;
    const known = await client.set(key, 'running', { NX: true, GET: true, PX: 30_000 });
    if (known !== null) return JSON.parse(known);
    const result = await work(request);
    await client.set(key, JSON.stringify(result), { PX: ttl * 1_000 });
    return result;
  };
}

function onPostgres({ work, client, tableName }) {
  const claim = `INSERT INTO ${tableName} (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`;
  const complete = `UPDATE ${tableName} SET outcome = $2, expires_at = $3 WHERE key = $1`;
  const find = `SELECT outcome FROM ${tableName} WHERE key = $1`;
  return async (request) => {
    const key = `hold:${request.body.transactionId}`;
    const { rowCount } = await client.query(claim, [key, Date.now() + 30_000]);
    if (rowCount === 0) {
      const { rows } = await client.query(find, [key]);
      return JSON.parse(rows[0].outcome);
    }
    const result = await work(request);
    await client.query(complete, [key, JSON.stringify(result), Date.now() + ttl * 1_000]);
    return result;
  };
}
