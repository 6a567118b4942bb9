// What the stores are filled with: completed records, and among them ten of each kind that operators ask for.
export const now = Date.now();
export const expiresAt = 253_402_300_799_999;
export const operation = 'PreFundService.placeHold';

/** How many unknown and how many abandoned records there are. */
export const rare = 10;

const header = (status) => `{"format":1,"status":"${status}","attempt":1,"fencingToken":${now}`;
const outcome = JSON.stringify({ holdId: 'h'.repeat(36), note: 'n'.repeat(150) });

/** The texts of the states. */
export const completed = `${header('completed')},"completedAt":${now},"outcome":{"kind":"value","json":${outcome}}}`;
export const unknown = `${header('unknown')}}`;
export const abandoned = `${header('in-progress')},"startedAt":${now - 60_000},"leaseUntil":${now - 30_000}}`;

/** The key of a record by its number: all are as long as those of the engine, and spread as these are. */
export const keyOf = (hex) => `${operation}#${hex}${hex}`;

/** The state of a record by its number. */
export function stateOf(index, records) {
  const every = Math.floor(records / rare);
  if (index % every === 1) return unknown;
  return index % every === 2 ? abandoned : completed;
}
