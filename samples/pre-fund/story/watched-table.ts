import { setTimeout as pause } from 'node:timers/promises';
import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import { type Records, tables } from './records.js';

const interval = 5;

/**
 * Reports how the items of the idempotency table change, by reading all of them again and again. It misses a state that
 * lasts for less time than one read. The returned function reads once more and stops.
 */
export function watchTable({ client }: Records, tell: (line: string) => void): () => Promise<void> {
  if (!client) {
    tell('there is none to watch: the records are in memory');
    return async () => {};
  }
  const seen = new Map<string, string>();
  let isWatching = true;
  const readAll = async () => {
    const { Items = [] } = await client.send(
      new ScanCommand({ TableName: tables.idempotency, ConsistentRead: true }),
    );
    for (const item of Items) {
      const key = item.id?.S ?? '';
      const token = item.token?.S ?? '';
      if (seen.get(key) !== token) tell(described(item));
      seen.set(key, token);
    }
  };
  const watching = (async () => {
    for (; isWatching; await pause(interval)) await readAll();
  })();
  return async () => {
    isWatching = false;
    await watching;
    await readAll();
  };
}

function described({ id, token, expiresAt, state }: Record<string, AttributeValue>): string {
  const [operation = '', digest = ''] = (id?.S ?? '').split('#');
  const [owner = '', version = ''] = (token?.S ?? '').split('.');
  const { status, attempt } = JSON.parse(state?.S ?? '{}');
  const days = (Number(expiresAt?.N) - Date.now()) / 86_400_000;
  const columns = [
    `${operation.replace(/^.*[./]/, '')}#${digest.slice(0, 6)}…`.padEnd(20),
    `${status}, attempt ${attempt}`.padEnd(22),
    `token ${owner.slice(0, 4)}….${version}`,
    // An unknown outcome is kept until an operator resolves it.
    days > 36_500 ? 'never expires' : `expires in ${days.toFixed()} d`,
  ];
  return columns.join('  ');
}
