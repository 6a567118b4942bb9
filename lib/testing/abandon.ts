import type { NotAlone, PrivateName, RestOf, SecondOf } from '../decorator/decorator-types.js';
import { handleOf, type RecordHandle } from '../decorator/record-handle.js';
import { callOf } from '../decorator/record-of.js';
import { newOwner } from '../engine/driver/owner.js';
import { pastWith } from '../engine/machine/about.js';
import { unresolved } from '../engine/machine/records.js';
import type { IdempotencyRecord } from '../record/persistence-store.js';
import { FORMAT, type RecordState, readState, unknownFields } from '../record/record.js';

/**
 * Leaves the key of a call in progress with a lapsed lease, as a process does that dies while the method runs. The next
 * equal call then consults `onAbandoned`. Takes the same arguments as `recordOf`. The method does not run.
 *
 * @example await abandon(service, 'placeHold', request);
 *
 * @throws {Error} if the key is in use.
 */
export function abandon<S extends object, K extends PrivateName | SecondOf<S> = never>(
  service: NotAlone<S, K>,
  method?: K,
  ...args: RestOf<S, K>
): Promise<RecordHandle>;
export async function abandon(...targetAndArgs: readonly unknown[]): Promise<RecordHandle> {
  const call = callOf('abandon', targetAndArgs);
  const { store, key, settings, fingerprint, by } = call;
  const now = Date.now();
  const owner = newOwner(now);
  // The lease has ended by more than the tolerance, so it has lapsed by every clock that the tolerance allows.
  const leaseUntil = now - settings.clockTolerance - 1;
  const lapsedRecord = (
    n: number,
    attempt: number,
    fencingToken: number,
    before?: RecordState,
  ): IdempotencyRecord => ({
    key,
    token: `${owner}.${n}`,
    expiresAt: unresolved(settings, now),
    state: {
      format: FORMAT,
      status: 'in-progress',
      attempt,
      fencingToken,
      startedAt: leaseUntil,
      leaseUntil,
      ...(fingerprint !== undefined && { fingerprint }),
      about: {
        run: fencingToken,
        ...(by !== undefined && { by }),
        ...(before && { past: pastWith(before) }),
      },
      ...(before && unknownFields(before)),
    },
  });
  const record = lapsedRecord(1, 1, now);
  let holder = await store.claim(record, now);
  const state = readState(holder);
  // A released record leaves its key free, so this call replaces it.
  if (state.status === 'released') {
    const next = lapsedRecord(2, state.attempt + 1, Math.max(state.fencingToken + 1, now), state);
    holder = (await store.replace(next, holder.token)) ?? holder;
  }
  if (holder.token.startsWith(`${owner}.`)) return handleOf(call);
  throw new Error(
    `abandon: the key ${key} is in use (${state.status}), so its call cannot be left abandoned; use another request, or free the key first with recordOf(…).forget()`,
  );
}
