import { type About, aboutOf, type PastState, type Reason, type RecordState } from './record.js';

/** How many states before the present one a record tells of: enough for an operator, and short. */
export const MOST_PAST = 5;
/** This version writes no longer text. Another program may have. */
const LONGEST_TEXT = 300;

type Read = (value: unknown) => unknown;
type Fields<T> = { readonly [K in keyof T]-?: Read };

const number: Read = (value) => (Number.isFinite(value) ? value : undefined);
const instant: Read = (value) => (isInstant(value) ? value : undefined);
const text: Read = (value) => (typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : undefined);
const oneOf =
  (...words: readonly string[]): Read =>
  (value) =>
    words.includes(value as string) ? value : undefined;

const reasons: { readonly [Kind in Reason['kind']]: Fields<Omit<Extract<Reason, { kind: Kind }>, 'kind'>> } =
  {
    error: { error: text, code: text, text },
    decided: {},
    'no-completion': {},
    refused: {},
    'attempts-exhausted': {},
    'not-begun': {},
    resolved: { as: oneOf('value', 'run-again', 'refuse', 'forgotten'), reason: text },
  };

const ofBoth = {
  startedAt: instant,
  at: instant,
  renewedAt: instant,
  by: text,
  why: reasonIn,
  traceparent: text,
};
const ofPast: Fields<PastState> = {
  status: oneOf('in-progress', 'completed', 'unknown', 'released'),
  attempt: number,
  leaseUntil: instant,
  ...ofBoth,
};
const ofAbout: Fields<About> = { run: number, ...ofBoth, past: pastIn };

/**
 * Returns what a record tells of itself, as far as it is about its own run and is what it should be. A record may be damaged, and nothing
 * that a call does depends on this.
 */
export function soundAbout(state: RecordState | undefined): About | undefined {
  const about = soundFields(state?.about, ofAbout) as About | undefined;
  return state && about && aboutOf({ ...state, about });
}

/** Returns the past that a record tells of, whichever run it is about. */
export function soundPast({ about }: RecordState): readonly PastState[] {
  return (soundFields(about, { past: pastIn })?.past ?? []) as readonly PastState[];
}

/** Whether a calendar has it. */
export function isInstant(value: unknown): value is number {
  return Number.isFinite(value) && !Number.isNaN(new Date(value as number).getTime());
}

/** Since when a record has its status, in epoch milliseconds. Where an earlier version wrote it, since its run has its claim. */
export function sinceOf(state: RecordState): number {
  if (state.status === 'completed') return state.completedAt;
  if (state.status === 'in-progress') return state.startedAt;
  return soundAbout(state)?.at ?? state.fencingToken;
}

function reasonIn(value: unknown): Reason | undefined {
  const { kind } = Object(value) as Partial<Reason>;
  if (typeof kind !== 'string' || !Object.hasOwn(reasons, kind)) return undefined;
  const reason = { kind, ...soundFields(value, reasons[kind]) } as Reason;
  const isWhole =
    (reason.kind !== 'error' || reason.error !== undefined) &&
    (reason.kind !== 'resolved' || reason.as !== undefined);
  return isWhole ? reason : undefined;
}

function pastIn(value: unknown): readonly PastState[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const states = value.slice(-MOST_PAST).map((one) => soundFields(one, ofPast) as PastState | undefined);
  const sound = states.filter((one) => one?.status !== undefined && one.attempt !== undefined);
  return sound.length > 0 ? (sound as readonly PastState[]) : undefined;
}

/** The fields that an object has and that are what they should be. `undefined` for what is no object, or throws when it is read. */
function soundFields(
  value: unknown,
  fields: Readonly<Record<string, Read>>,
): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const sound: Record<string, unknown> = {};
    for (const [name, read] of Object.entries(fields)) {
      const field = read((value as Record<string, unknown>)[name]);
      if (field !== undefined) sound[name] = field;
    }
    return sound;
  } catch {
    return undefined;
  }
}
