import { hash } from 'node:crypto';
import { Holds, holdRequest } from './payload.mjs';
import { threadTime } from './thread-time.mjs';

const time = 1_767_225_600_000;
const inProgress = {
  format: 1,
  status: 'in-progress',
  attempt: 1,
  fencingToken: time,
  startedAt: time,
  leaseUntil: time + 30_000,
};
const completed = { format: 1, status: 'completed', attempt: 1, fencingToken: time, completedAt: time };

/**
 * Microseconds of what no such library is without: the key hashed, and written as text what is kept. A first call keeps a
 * claim and an outcome; a replay reads an outcome back.
 */
export async function floor(kind, count) {
  const requests = Array.from({ length: count }, (_, id) => holdRequest(id));
  const json = await new Holds().place(requests[0]);
  const kept = JSON.stringify({ ...completed, outcome: { kind: 'value', json } });
  let seen = 0;
  const from = threadTime();
  for (const { body } of requests) {
    seen += hash('sha256', `["Speed.placeHold",null,${JSON.stringify(body.transactionId)}]`, 'hex').length;
    if (kind === 'first') {
      seen += JSON.stringify(inProgress).length;
      seen += JSON.stringify({ ...completed, outcome: { kind: 'value', json } }).length;
    } else seen += JSON.parse(kept).attempt;
  }
  const taken = (threadTime() - from) / count;
  // An unused value would not be computed.
  if (seen === 0) throw new Error('nothing was computed');
  return taken;
}
