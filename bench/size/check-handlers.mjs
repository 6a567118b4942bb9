import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startDynalite, startDynoxide } from '../../samples/embedded-dynamodb/index.js';
import { size } from './places.mjs';

const run = promisify(execFile);
const host = '127.0.0.1';
const tableName = 'idempotency';

/** What the handlers answer to `requests()`, and how often that may reach the bank. */
const expected = {
  bare: { statuses: [201, 201, 402, 402, 201, 201], asked: 6 },
  retrysafe: { statuses: [201, 201, 402, 402, 422, 400], asked: 2 },
  powertools: { statuses: [201, 201, 402, 402, 422, 400], asked: 2 },
};

function requests() {
  const [transactionId, declined] = [randomUUID(), randomUUID()];
  const order = { transactionId, accountId: 'A-1', cents: 25_000 };
  const tooMuch = { ...order, transactionId: declined, cents: 100_000_000 };
  return [
    order,
    order,
    tooMuch,
    tooMuch,
    { ...order, cents: 99_900 },
    { ...order, transactionId: undefined },
  ];
}

/** Sends the same requests to every bundle, and throws unless each answers as it should: what is measured works. */
export async function checkHandlers({ node, bundles, env }) {
  const engine = (await startDynoxide()) ?? (await startDynalite());
  const bank = await startBank();
  try {
    await createTable(engine);
    for (const { handler, file } of bundles) {
      bank.asked = 0;
      const { answers } = await invoke(node, file, {
        ...env,
        AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
        AWS_REGION: engine.connection.region,
        AWS_ACCESS_KEY_ID: engine.connection.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: engine.connection.credentials.secretAccessKey,
        CORE_BANK_URL: bank.url,
        TABLE_NAME: tableName,
      });
      compare(file, expected[handler], { answers, asked: bank.asked });
    }
  } finally {
    bank.stop();
    await engine.stop();
  }
  return engine.name;
}

async function invoke(node, file, env) {
  const { stdout, stderr } = await run(node, [join(size, 'invoke.mjs'), file, JSON.stringify(requests())], {
    env,
  });
  if (stderr) console.error(stderr);
  return JSON.parse(stdout);
}

function compare(file, { statuses, asked }, real) {
  const [first, retried] = real.answers.map(({ body }) => JSON.parse(body).holdId);
  const faults = [];
  const answered = real.answers.map(({ statusCode }) => statusCode);
  if (String(answered) !== String(statuses)) faults.push(`it answers ${answered} and not ${statuses}`);
  if (real.asked !== asked) faults.push(`it asks the bank ${real.asked} times and not ${asked}`);
  if (asked === 2 && first !== retried) faults.push('the retry gets another hold');
  if (faults.length > 0) throw new Error(`${file}: ${faults.join('; ')}: ${JSON.stringify(real.answers)}`);
}

/** A core bank that knows no keys: every request that reaches it is one more. */
async function startBank() {
  const bank = { asked: 0 };
  const server = createServer(async (request, response) => {
    const order = JSON.parse(Buffer.concat(await request.toArray()));
    bank.asked += 1;
    if (order.cents > 1_000_000) response.writeHead(402).end('not enough money');
    else response.end(JSON.stringify({ ...order, holdId: `H-${randomUUID()}` }));
  }).listen(0, host);
  await once(server, 'listening');
  bank.url = `http://${host}:${server.address().port}`;
  bank.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return bank;
}

/** One table serves both libraries: a string key `id`. */
async function createTable({ connection }) {
  const client = new DynamoDBClient(connection);
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  client.destroy();
}
