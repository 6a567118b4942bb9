import type { IdempotencyRecord } from '../../record/persistence-store.js';

type RecordState = IdempotencyRecord['state'];

/** A state without the bytes of its outcome, and these. */
export interface StateParts {
  readonly state: RecordState;
  /** Absent where the outcome has none, or where they cannot be taken out. */
  readonly bytes: Buffer | undefined;
}

/** Takes the bytes out of a state, so that a store which has binary keeps them as such. They are in it as base64, which is a third longer. */
export function withoutBytes(state: RecordState): StateParts {
  const outcome = outcomeOfBytes(state);
  if (typeof outcome?.base64 !== 'string' || outcome.base64 === '') return { state, bytes: undefined };
  const { base64, ...rest } = outcome;
  const bytes = Buffer.from(base64, 'base64');
  // A text that Node.js would not write for these bytes could not be returned as it was.
  if (bytes.toString('base64') !== base64) return { state, bytes: undefined };
  return { state: { ...state, outcome: rest } as RecordState, bytes };
}

/** Puts bytes back into a state that was written without them. Any other state is returned as it is. */
export function withItsBytes(state: RecordState, bytes: Uint8Array | undefined): RecordState {
  const outcome = outcomeOfBytes(state);
  // What an earlier version wrote over such a record has none, although the former bytes may still be beside it.
  if (!bytes || !outcome || 'base64' in outcome) return state;
  const { buffer, byteOffset, byteLength } = bytes;
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return { ...state, outcome: { ...outcome, base64 } } as RecordState;
}

/** Whether a state was written without the bytes of its outcome. */
export function lacksBytes(state: RecordState): boolean {
  const outcome = outcomeOfBytes(state);
  return outcome !== undefined && !('base64' in outcome);
}

/** An outcome as it was read: it may have been damaged. */
type ReadOutcome = Readonly<Record<string, unknown>>;

function outcomeOfBytes(state: RecordState): ReadOutcome | undefined {
  // A store may read anything in a state's place.
  if (state?.status !== 'completed') return undefined;
  const outcome = state.outcome as unknown as ReadOutcome | null | undefined;
  return typeof outcome === 'object' && outcome !== null && 'head' in outcome ? outcome : undefined;
}
