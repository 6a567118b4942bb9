import { setTimeout as pause } from 'node:timers/promises';
import type { Ledger } from './ledger.js';
import type { Plan } from './plan.js';
import type { RunningQueue } from './queue-under-test.js';

/** How long a send may take, in milliseconds. Then the producer is unsure, and sends again. */
const sendLimit = 10_000;
const interval = 200;

/** Sends the messages in the course of so many milliseconds, some of them twice, and what it is unsure of again. */
export async function produce(
  running: RunningQueue,
  plans: readonly Plan[],
  milliseconds: number,
  ledger: Ledger,
): Promise<void> {
  const firsts = plans.map((plan, index) => ({ plan, at: (index * milliseconds) / plans.length }));
  const seconds = firsts.flatMap(({ plan, at }) =>
    plan.againAfter === undefined ? [] : [{ plan, at: at + plan.againAfter }],
  );
  const due = [...firsts, ...seconds].sort((one, other) => one.at - other.at);
  const copies = new Map<string, number>();
  const begunAt = performance.now();
  for (let sent = 0; sent < due.length; ) {
    const now = performance.now() - begunAt;
    const later = due.findIndex(({ at }, index) => index >= sent && at > now);
    const batch = due.slice(sent, later < 0 ? due.length : later).map(({ plan }) => plan);
    if (batch.length > 0) await sendUntilSure(running, batch, copies, ledger);
    sent += batch.length;
    await pause(interval);
  }
}

async function sendUntilSure(
  running: RunningQueue,
  batch: readonly Plan[],
  copies: Map<string, number>,
  ledger: Ledger,
): Promise<void> {
  for (let unsure = false; ; unsure = true) {
    for (const { id, kind: what } of batch) {
      const copy = (copies.get(id) ?? 0) + 1;
      copies.set(id, copy);
      // Before it is sent: it may be received before the send ends.
      ledger.add({ kind: 'sent', id, what, copy, ...(unsure && { unsure }) });
    }
    try {
      await inTime(running.send(batch.map(({ id, cents, kind }) => ({ id, cents, kind }))));
      return;
    } catch {
      await pause(interval);
    }
  }
}

async function inTime(sending: Promise<void>): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`not sent in ${sendLimit} ms`)), sendLimit);
  });
  try {
    await Promise.race([sending, late]);
  } finally {
    clearTimeout(limit);
  }
}
