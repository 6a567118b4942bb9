// Starts the application and asks each route as its clients would; the one without @Idempotent shows what is right.
import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import { RefundsModule, runs } from './refunds.js';

const routes = ['without', 'below', 'above', 'between', 'among'];

async function main() {
  const app = await NestFactory.create(RefundsModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');

  async function post(route: string, headers: Record<string, string>) {
    const answer = await fetch(`${await app.getUrl()}/refunds/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ id: 'r1', amount: '5' }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  for (const route of routes) {
    const nobody = await post(route, {});
    assert.equal(nobody.status, 403, `${route}: the guard below or above is asked`);
    const closed = await post(route, { 'x-role': 'admin', 'x-hours': 'closed' });
    assert.equal(closed.status, 403, `${route}: the other guard is asked as well`);
    assert.equal(runs.get(route), undefined, `${route}: nothing ran`);

    const served = await post(route, { 'x-role': 'admin' });
    assert.deepEqual(
      served,
      { status: 202, body: { refunded: 'r1', amount: 5, run: 1, stamped: true } },
      `${route}: the route, its status, its pipe and its interceptor`,
    );
    const again = await post(route, { 'x-role': 'admin' });
    assert.deepEqual(again.body.run, route === 'without' ? 2 : 1, `${route}: replayed`);
    assert.deepEqual(again.status, 202);
    assert.equal((await post(route, {})).status, 403, `${route}: a replay is guarded, too`);
  }
  await app.close();
}

main().catch((error) => {
  console.error(error);
  // The server is open still.
  process.exit(1);
});
