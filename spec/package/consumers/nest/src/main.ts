// Starts the application and asks each route as its clients would; the one without @Idempotent shows what is right.
import assert from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PaymentsModule } from './payments.js';
import { RefundsModule, runs } from './refunds.js';

@Module({ imports: [RefundsModule, PaymentsModule] })
class AppModule {}

const routes = ['without', 'below', 'above', 'between', 'among'];

async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
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
  for (const route of ['payments/above', 'payments/below', 'orders/whole']) {
    const pay = async (amount: number, headers: Record<string, string> = { 'idempotency-key': 'k-1' }) => {
      const answer = await fetch(`${await app.getUrl()}/${route}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-role': 'admin', ...headers },
        body: JSON.stringify({ amount }),
      });
      return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
    };
    assert.equal((await pay(-1)).status, 400, `${route}: its pipe is asked`);
    const first = await pay(5);
    assert.equal(first.status, 202, `${route}: what a pipe has refused is no outcome: ${first.text}`);
    assert.deepEqual(await pay(5), first, `${route}: replayed`);
    const problem = await pay(5, {});
    assert.deepEqual([problem.status, problem.type], [400, 'application/problem+json'], `${route}: no key`);
  }
  await app.close();
}

main().catch((error) => {
  console.error(error);
  // The server is open still.
  process.exit(1);
});
