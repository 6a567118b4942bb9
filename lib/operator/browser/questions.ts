import type { ListRequest } from '../page/messages.js';
import type { Address } from './address.js';
import { ageMsOf } from './text.js';

/** How many records are on one page. */
export const PAGE_RECORDS = 50;

/** Returns what the address asks the server for. */
export function listRequestOf({ store, status, operation, prefix, age, cursor }: Address): ListRequest {
  const ageMs = ageMsOf(age);
  return {
    store,
    limit: PAGE_RECORDS,
    ...(status !== 'any' && { status: status as NonNullable<ListRequest['status']> }),
    ...(operation !== '' && { operation }),
    ...(prefix !== '' && { prefix }),
    ...(ageMs !== undefined && { ageMs }),
    ...(cursor !== '' && { cursor }),
  };
}
