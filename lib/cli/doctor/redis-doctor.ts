import { advice, clockFinding, type Finding, ok, orProblem, problem } from './finding.js';
import type { RedisParts as Parts } from './parts.js';

/** Examines the server of a `RedisStore`: of a cluster, the one that keeps the key of the examination. */
export async function examineRedis({ connection, prefix }: Parts): Promise<readonly Finding[]> {
  const key = `${prefix}retrysafe doctor`;
  const send = async (...command: string[]) => connection.send(command, key);
  return [
    ...(await orProblem('server', 'check the address, the user and the network', async () => {
      const text = await send('INFO', 'server');
      return ok(
        'server',
        `Redis or Valkey ${fieldIn(text, 'valkey_version') ?? fieldIn(text, 'redis_version') ?? ''}`.trim(),
      );
    })),
    ...(await orProblem(
      'permissions',
      'allow the user EVAL, EVALSHA, HMGET, SCAN and, with `waitReplicas`, WAIT on the prefix',
      () => permissionsOf(send, key),
    )),
    ...(await orProblem('eviction', 'allow the user INFO, or look at `maxmemory-policy` by hand', async () =>
      evictionIn(await send('INFO', 'memory')),
    )),
    ...(await orProblem('durability', 'allow the user INFO, or look at the persistence by hand', async () =>
      durabilityIn(await send('INFO', 'persistence')),
    )),
    ...(await orProblem('clock', 'allow the user TIME', () => clockFinding(() => timeOf(send)))),
  ];
}

type Send = (...command: string[]) => Promise<unknown>;

async function permissionsOf(send: Send, key: string): Promise<Finding> {
  // It reads a key that nobody writes.
  await send('EVAL', "return redis.call('HMGET', KEYS[1], 'token')", '1', key);
  await send('SCAN', '0', 'MATCH', key, 'COUNT', '1');
  return ok('permissions', 'scripts and SCAN are allowed');
}

function evictionIn(text: unknown): Finding {
  const policy = fieldIn(text, 'maxmemory_policy');
  const limit = Number(fieldIn(text, 'maxmemory') ?? 0);
  if (policy === undefined)
    return advice('eviction', 'the server does not say', 'see that `maxmemory-policy` is noeviction');
  if (policy === 'noeviction' || limit === 0)
    return ok('eviction', `${policy}, ${limit === 0 ? 'without a limit of memory' : `at ${limit} bytes`}`);
  return problem(
    'eviction',
    `${policy}: under pressure the server drops records, and their work may be done again`,
    'set `maxmemory-policy noeviction`',
  );
}

function durabilityIn(text: unknown): Finding {
  if (fieldIn(text, 'aof_enabled') === '1') return ok('durability', 'it appends each write to a file');
  return advice(
    'durability',
    'it has no append-only file, so that a restart loses the records since the last snapshot',
    'set `appendonly yes`, or see "What can be lost" in docs/stores/redis.md',
  );
}

async function timeOf(send: Send): Promise<number> {
  const [seconds, microseconds] = (await send('TIME')) as readonly unknown[];
  return Number(String(seconds)) * 1_000 + Math.floor(Number(String(microseconds)) / 1_000);
}

function fieldIn(text: unknown, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(String(text))?.[1];
}
