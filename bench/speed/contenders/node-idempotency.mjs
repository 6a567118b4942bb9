import { Idempotency } from '@node-idempotency/core';
import { MemoryStorageAdapter } from '@node-idempotency/storage-adapter-memory';
import { RedisStorageAdapter } from '@node-idempotency/storage-adapter-redis';
import { ttl } from '../payload.mjs';

const common =
  'It has no JMESPath. It gets the key in the header that it reads, and no body, so that it hashes nothing. Its key is the header as it came';
export const setUp = {
  memory: `\`onRequest\` before and \`onResponse\` after the work, with its \`MemoryStorageAdapter\`. ${common}`,
  redis: `the same with its \`RedisStorageAdapter\`. ${common}`,
};

/** The work made idempotent by node-idempotency, as its own middleware does it. */
export async function contender({ work, storage: { kind, url } = { kind: 'memory' }, onCall }) {
  const storage = kind === 'redis' ? new RedisStorageAdapter({ url }) : new MemoryStorageAdapter();
  await storage.connect?.();
  const idempotency = new Idempotency(onCall ? watched(storage, onCall) : storage, {
    cacheTTLMS: ttl * 1_000,
    enforceIdempotency: true,
    inProgressStrategy: { wait: true, pollingIntervalMs: 100, maxWaitMs: 30_000 },
  });
  return async (event) => {
    const headers = { 'idempotency-key': event.body.transactionId };
    const request = { headers, path: '/holds', method: 'POST' };
    const known = await idempotency.onRequest(request);
    if (known) return known.body;
    const body = await work(event);
    await idempotency.onResponse(request, { body });
    return body;
  };
}

function watched(storage, onCall) {
  const operations = ['setIfNotExists', 'set', 'get'];
  return Object.fromEntries(
    operations.map((name) => [
      name,
      (...args) => {
        onCall(name);
        return storage[name](...args);
      },
    ]),
  );
}
