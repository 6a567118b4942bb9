import {
  type IdempotencyRecord,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnavailableError,
  type PersistenceStore,
} from 'retrysafe';
import { around, type BrokenEngine } from './broken-engines.js';
import { decisionAtHand } from './call-at-hand.js';
import type { Decision } from './decision-rules.js';
import type { Engine } from './operation.js';

type State = Record<string, unknown>;

/** What the engine is shown in place of a record, and what is written in place of its own. */
interface Distortion {
  shown?(record: IdempotencyRecord, decision: Decision | undefined): IdempotencyRecord;
  written?(record: IdempotencyRecord, decision: Decision | undefined): IdempotencyRecord;
}

/** The real engine with another view of its records: it then does what one with that flaw would do. */
function seeing({ shown = (record) => record, written = (record) => record }: Distortion): Engine {
  return (method, options) => {
    const real = options.store as PersistenceStore;
    // What the engine is shown under another token follows the true one.
    const tokens = new Map<string, string>();
    const show = <R extends IdempotencyRecord | undefined>(record: R): R => {
      if (!record) return record;
      const seen = shown(record, decisionAtHand.getStore());
      tokens.set(seen.token, record.token);
      return seen as R;
    };
    const store: PersistenceStore = {
      claim: async (record, now) => show(await real.claim(written(record, undefined), now)),
      find: async (key, how) => show(await real.find(key, how)),
      replace: async (record, token) => {
        const own = written(record, decisionAtHand.getStore());
        const holder = await real.replace(own, tokens.get(token) ?? token);
        return holder?.token === own.token ? record : show(holder);
      },
      ...(real.changed && { changed: (key, signal) => real.changed?.(key, signal) as Promise<void> }),
    };
    return makeIdempotent(method, { ...options, store });
  };
}

function withState(record: IdempotencyRecord, change: (state: State) => State): IdempotencyRecord {
  const state = change({ ...record.state }) as unknown as IdempotencyRecord['state'];
  return { ...record, state };
}

const isResolved = ({ state }: IdempotencyRecord) => state.about?.why?.kind === 'resolved';

/** Engines that do one thing wrong when operators decide, or in what records say to operators. */
export const brokenDecisions: readonly BrokenEngine[] = [
  {
    fault: 'it lets a decision overwrite an outcome',
    rules: ['no decision overwrites an outcome'],
    engine: seeing({
      shown: (record, decision) =>
        decision && record.state.status === 'completed'
          ? withState(record, (state) => ({ ...state, status: 'unknown' }))
          : record,
    }),
  },
  {
    fault: 'it ignores which version was seen',
    rules: ['a decision is about the version that was seen'],
    engine: seeing({
      shown: (record, decision) => (decision?.token ? { ...record, token: decision.token } : record),
    }),
  },
  {
    fault: 'it takes over a key that an operator has resolved',
    rules: ["an operator's answer stays"],
    engine: seeing({
      shown: (record, decision) =>
        !decision && isResolved(record) && record.state.status === 'completed'
          ? withState(record, (state) => ({ ...state, status: 'released' }))
          : record,
    }),
  },
  {
    fault: 'it runs what an operator has refused',
    rules: ["no run after an operator's answer"],
    engine: (method, options) => {
      const again = makeIdempotent(method, { ...options, store: new InMemoryStore() } as IdempotentOptions);
      return around((call, args) =>
        call().catch((error) => {
          if (error instanceof OutcomeUnavailableError && /an operator decided/.test(error.message))
            return again(...args);
          throw error;
        }),
      )(method, options);
    },
  },
  {
    fault: 'it takes a key from a running call without force',
    rules: ['one unlapsed claim'],
    engine: seeing({
      shown: (record, decision) =>
        decision && record.state.status === 'in-progress'
          ? withState(record, (state) => ({ ...state, leaseUntil: 0 }))
          : record,
    }),
  },
  {
    fault: 'it counts no attempt before another run',
    rules: ['a decision keeps what was asked for'],
    engine: seeing({
      written: (record, decision) =>
        decision?.as === 'run-again' ? withState(record, (state) => ({ ...state, attempt: 0 })) : record,
    }),
  },
  {
    fault: 'it loses the fingerprint of what was resolved',
    rules: ['a decision keeps what was asked for'],
    engine: seeing({
      written: (record, decision) =>
        decision ? withState(record, ({ fingerprint: _, ...state }) => state) : record,
    }),
  },
  {
    fault: 'it frees a key that it should answer',
    rules: ['a record has what was decided'],
    engine: seeing({
      written: (record, decision) =>
        decision?.as === 'value' ? withState(record, (state) => ({ ...state, status: 'released' })) : record,
    }),
  },
  {
    fault: 'it tells a call that its completion was written, although an operator took its key',
    rules: ['a call knows that an operator took its key'],
    engine: (method, options) => {
      const real = options.store as PersistenceStore;
      const store: PersistenceStore = {
        claim: (record, now) => real.claim(record, now),
        find: (key, how) => real.find(key, how),
        replace: async (record, token) => {
          const holder = await real.replace(record, token);
          const isTaken = holder !== undefined && isResolved(holder) && !decisionAtHand.getStore();
          return isTaken && record.state.status === 'completed' ? record : holder;
        },
      };
      return makeIdempotent(method, { ...options, store });
    },
  },
  {
    fault: 'it tells an operator that a decision was written which was not',
    rules: ['an operator is told what was written'],
    engine: (method, options) => {
      const real = options.store as PersistenceStore;
      const store: PersistenceStore = {
        claim: (record, now) => real.claim(record, now),
        find: (key, how) => real.find(key, how),
        replace: async (record, token) => {
          if (decisionAtHand.getStore()) return record;
          return real.replace(record, token);
        },
      };
      return makeIdempotent(method, { ...options, store });
    },
  },
  {
    fault: 'it has no value for calls that an operator gave one',
    rules: ['calls get what was decided'],
    engine: seeing({
      shown: (record, decision) =>
        !decision && isResolved(record) && record.state.status === 'completed'
          ? withState(record, (state) => ({ ...state, outcome: { kind: 'none', reason: 'it is lost' } }))
          : record,
    }),
  },
  {
    fault: 'it does not say that an operator has refused',
    rules: ['calls get what was decided'],
    engine: around(async (call) =>
      call().catch((error) => {
        if (error instanceof OutcomeUnavailableError) throw new OutcomeUnavailableError('it is gone');
        throw error;
      }),
    ),
  },
  {
    fault: 'it records what errors say',
    rules: ['messages of methods stay with them'],
    engine: (method, options) =>
      makeIdempotent(method, { ...options, describeError: (error) => String((error as Error).message) }),
  },
  {
    fault: 'it says in its own errors what those of methods say',
    rules: ['messages of methods stay with them'],
    engine: around((call) =>
      call().catch((error) => {
        throw error.cause instanceof Error
          ? Object.assign(error, { message: `${error.message}: ${error.cause.message}` })
          : error;
      }),
    ),
  },
  {
    fault: 'it does not record who writes',
    rules: ['a record says who wrote it'],
    engine: seeing({
      written: (record) =>
        withState(record, ({ about, ...state }) => ({
          ...state,
          about: { ...(about as State), by: undefined },
        })),
    }),
  },
  {
    fault: 'it tells of the run before',
    rules: ['a record tells of its own run'],
    engine: seeing({
      written: (record) =>
        withState(record, ({ about, ...state }) => ({ ...state, about: { ...(about as State), run: 1 } })),
    }),
  },
  {
    fault: 'it keeps the whole past of a key',
    rules: ['a record tells a short past'],
    engine: seeing({
      written: (record) =>
        withState(record, ({ about, ...state }) => {
          const { past = [] } = about as { readonly past?: readonly unknown[] };
          return {
            ...state,
            about: { ...(about as State), past: [...past, ...past, ...past, ...past, ...past, ...past] },
          };
        }),
    }),
  },
  {
    fault: 'it does not say what a decision was',
    rules: ['a record says what was decided'],
    engine: seeing({
      written: (record, decision) =>
        decision
          ? withState(record, ({ about, ...state }) => ({
              ...state,
              about: { ...(about as State), why: undefined },
            }))
          : record,
    }),
  },
  {
    fault: 'it mixes up what a record was before',
    rules: ['a record tells what it followed'],
    engine: seeing({
      written: (record) =>
        withState(record, ({ about, ...state }) => {
          const { past } = about as { readonly past?: readonly State[] };
          const other = past?.map((one) => ({ ...one, attempt: 77 }));
          return { ...state, about: { ...(about as State), ...(other && { past: other }) } };
        }),
    }),
  },
];
