import type { NotAlone, PrivateName, RestOf, SecondOf } from '../decorator/decorator-types.js';
import { handleOf, type RecordHandle } from '../decorator/record-handle.js';
import { callOf } from '../decorator/record-of.js';
import { Claim } from '../engine/claim/claim.js';
import { type InProgressState, readState } from '../record/record.js';

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
  const { store, key, settings } = call;
  const now = Date.now();
  const claim = new Claim(call);
  // The lease has ended by more than the tolerance, so it has lapsed by every clock that the tolerance allows.
  const leaseUntil = now - settings.clockTolerance - 1;
  const lapsedRecord = (attempt: number, fencingToken: number) => {
    const state = {
      status: 'in-progress',
      attempt,
      fencingToken,
      startedAt: leaseUntil,
      leaseUntil,
    } as const;
    return claim.draft(state satisfies Omit<InProgressState, 'format'>, call.unresolvedExpiry(now));
  };
  const record = lapsedRecord(1, now);
  let holder = await store.claim(record, now);
  const state = readState(holder);
  // A released record leaves its key free, so this call replaces it.
  if (state.status === 'released') {
    const next = lapsedRecord(state.attempt + 1, Math.max(state.fencingToken + 1, now));
    holder = (await store.replace(next, holder.token)) ?? holder;
  }
  if (claim.isOurs(holder)) return handleOf(call);
  throw new Error(
    `abandon: the key ${key} is in use (${state.status}), so its call cannot be left abandoned; use another request, or free the key first with recordOf(…).forget()`,
  );
}
