import type { NotAlone, PrivateName, RestOf, SecondOf } from '../decorator/decorator-types.js';
import { handleOf, type RecordHandle } from '../decorator/record-handle.js';
import { callOf } from '../decorator/record-of.js';
import { Claim } from '../engine/claim/claim.js';
import { type InProgressState, readState } from '../record/record.js';

/**
 * Leaves the key of such a call as a process leaves it that dies while the method runs: in progress, with a lease that has
 * lapsed. The next equal call asks `onAbandoned`. It takes the arguments of `recordOf`, and nothing runs.
 *
 * @example await abandon(service, 'placeHold', request);
 *
 * @throws {Error} where the key is in use.
 */
export function abandon<S extends object, K extends PrivateName | SecondOf<S> = never>(
  service: NotAlone<S, K>,
  method?: K,
  ...args: RestOf<S, K>
): Promise<RecordHandle>;
export async function abandon(...given: readonly unknown[]): Promise<RecordHandle> {
  const call = callOf('abandon', given);
  const { store, key, settings } = call;
  const now = Date.now();
  const claim = new Claim(call);
  // An instant before its end, so that it has lapsed by any clock.
  const leaseUntil = now - settings.clockTolerance - 1;
  const lapsed = (attempt: number, fencingToken: number) => {
    const state = {
      status: 'in-progress',
      attempt,
      fencingToken,
      startedAt: leaseUntil,
      leaseUntil,
    } as const;
    return claim.draft(state satisfies Omit<InProgressState, 'format'>, call.unresolvedExpiry(now));
  };
  const record = lapsed(1, now);
  let holder = await store.claim(record, now);
  const state = readState(holder);
  // A released key is free, though there is a record.
  if (state.status === 'released') {
    const next = lapsed(state.attempt + 1, Math.max(state.fencingToken + 1, now));
    holder = (await store.replace(next, holder.token)) ?? holder;
  }
  if (claim.isOurs(holder)) return handleOf(call);
  throw new Error(
    `abandon: the key ${key} is in use (${state.status}), so its call cannot be left abandoned; take another request, or free the key by recordOf(…).forget() before`,
  );
}
