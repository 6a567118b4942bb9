import { CUT, KIND_LENGTH, KINDS, OUTCOME } from './listing.js';

/** A statement and its values. */
export interface ListingStatement {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/**
 * Returns the SQL of a state without the content of its outcome, or of the whole of it where it has no such outcome.
 *
 * `at`: where `OUTCOME` begins, counted from 1, and 0 where it is not. `head`: the beginning of the state, in which that was looked for.
 */
export function stateWithoutContent({
  at,
  head,
  state,
}: Readonly<Record<'at' | 'head' | 'state', string>>): string {
  const kind = `substr(${head}, ${at} + ${OUTCOME.length}, ${KIND_LENGTH})`;
  const kinds = KINDS.map((known) => `'${known}'`).join(', ');
  const cut = `substr(${head}, 1, ${at} + ${OUTCOME.length + KIND_LENGTH - 1}) || '${CUT}'`;
  return `CASE WHEN ${at} > 0 AND ${kind} IN (${kinds}) THEN ${cut} ELSE ${state} END`;
}
