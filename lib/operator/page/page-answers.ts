import { ConfigurationError, IdempotencyError, KeyError } from '../../errors.js';
import type { Desk, DeskQuery, LifeEvent, RecordDetails } from '../desk.js';
import type { ListAnswer, ListRequest, PageSession, RatesAnswer, ShowAnswer, StatsLine } from './messages.js';
import { jsonAnswer, pageAnswer } from './page-headers.js';
import type { OperatorPageOptions } from './page-options.js';
import { PageRefusal } from './page-refusal.js';
import { readListRequest, readResolveRequest, readShowRequest } from './page-request.js';
import type { Rates } from './rates.js';

/** What a page knows when it is asked. */
export interface PageFacts {
  readonly desks: ReadonlyMap<string, Desk>;
  /** The names of the operations whose options the desks know. */
  readonly operations: readonly string[];
  readonly operator: string;
  readonly mayReveal: boolean;
  readonly mayResolve: boolean;
  /** Absent where nothing is counted. */
  readonly rates: Rates | undefined;
  readonly traceUrl: OperatorPageOptions['traceUrl'];
}

type Answer = (facts: PageFacts, body: object, signal: AbortSignal) => Response | Promise<Response>;

/** The answers to the questions of the page's script, by their names. */
const answers: Readonly<Record<string, Answer>> = {
  session: (facts) => jsonAnswer(sessionOf(facts)),
  list: async (facts, body) => jsonAnswer(await list(facts, readListRequest(body))),
  plan: async (facts, body) => {
    const request = readListRequest(body);
    return jsonAnswer(await deskFor(facts, request.store).plan(queryOf(request)));
  },
  show: async (facts, body) => jsonAnswer(await show(facts, body)),
  resolve: async (facts, body) => jsonAnswer({ results: await resolve(facts, body) }),
  stats: (facts, body, signal) => statsAnswer(facts, readListRequest(body), signal),
  rates: ({ rates }) => {
    if (!rates) throw new PageRefusal(404, 'This page counts no calls.');
    return jsonAnswer({ now: Date.now(), ...rates.report() } satisfies RatesAnswer);
  },
};

/** Answers a question of the page's script. What a store throws becomes an answer, in words for the operator. */
export async function answerQuestion(
  facts: PageFacts,
  name: string,
  body: object,
  signal: AbortSignal,
): Promise<Response> {
  if (!Object.hasOwn(answers, name)) throw new PageRefusal(404, 'There is nothing at this address.');
  try {
    return await (answers[name] as Answer)(facts, body, signal);
  } catch (error) {
    if (error instanceof PageRefusal) throw error;
    const isOfRequest = error instanceof ConfigurationError || error instanceof KeyError;
    throw new PageRefusal(isOfRequest ? 400 : 502, wordsFor(error));
  }
}

/** What a client of a database throws may have anything in it, and so has only its code here. */
function wordsFor(error: unknown): string {
  if (error instanceof IdempotencyError) return error.message;
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  const told = [code, name].find((one) => typeof one === 'string' && /^[\w.:-]{1,60}$/.test(one));
  return `The store failed${told === undefined ? '' : ` (${told})`}. Try again, and look at the log of the application.`;
}

function deskFor({ desks }: PageFacts, store: string): Desk {
  const desk = desks.get(store);
  if (desk) return desk;
  throw new PageRefusal(404, 'There is no store of this name.');
}

function sessionOf({ desks, rates, ...facts }: PageFacts): PageSession {
  const { operations, operator, mayReveal, mayResolve } = facts;
  return {
    operator,
    stores: [...desks.keys()],
    operations,
    mayReveal,
    mayResolve,
    hasRates: rates !== undefined,
  };
}

/** An age is measured by this clock, which also told the page its present. */
function queryOf({ store: _, ageMs, ...query }: ListRequest): DeskQuery {
  return ageMs === undefined ? query : { ...query, olderThan: Date.now() - ageMs };
}

async function list(facts: PageFacts, request: ListRequest): Promise<ListAnswer> {
  const page = await deskFor(facts, request.store).list(queryOf(request));
  return { now: Date.now(), ...page };
}

async function show(facts: PageFacts, body: object): Promise<ShowAnswer> {
  const { store, key, reveal } = readShowRequest(body);
  if (reveal && !facts.mayReveal) throw new PageRefusal(403, 'This page never shows outcomes.');
  const details = await deskFor(facts, store).show(key, { reveal: reveal === true });
  if (!details)
    throw new PageRefusal(404, 'There is no record of this key: it has expired, or there never was one.');
  return { now: Date.now(), ...details, traces: tracesOf(details, facts.traceUrl) };
}

async function resolve(facts: PageFacts, body: object) {
  if (!facts.mayResolve) throw new PageRefusal(403, 'This page changes nothing.');
  const { store, seen, ...decided } = readResolveRequest(body);
  return deskFor(facts, store).resolve(seen, { ...decided, by: facts.operator });
}

function tracesOf(
  { record, life }: RecordDetails,
  traceUrl: PageFacts['traceUrl'],
): Readonly<Record<string, string>> {
  if (!traceUrl) return {};
  const all = [record, ...life].map(({ traceparent }: Pick<LifeEvent, 'traceparent'>) => traceparent);
  const links = [...new Set(all)].flatMap((one) => {
    const link = one === undefined ? undefined : linkTo(one, traceUrl);
    return link === undefined ? [] : [[one, link] as const];
  });
  return Object.fromEntries(links);
}

/**
 * A `traceparent` comes from a request. What is made of it is a link only where a browser opens a page with it, and no link where it cannot be
 * made: the record is of more use than the trace.
 */
function linkTo(traceparent: string, traceUrl: NonNullable<PageFacts['traceUrl']>): string | undefined {
  try {
    const url: unknown = traceUrl(traceparent);
    return typeof url === 'string' && /^https?:$/.test(new URL(url).protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** So long is between two lines that tell how far the walk is. */
const PROGRESS_MS = 250;

/** Counts the records in an answer that tells how far it is, a line of JSON at a time. A reader that goes away ends the walk. */
function statsAnswer(facts: PageFacts, request: ListRequest, gone: AbortSignal): Response {
  const desk = deskFor(facts, request.store);
  const stop = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const tell = (line: StatsLine) => {
        if (!stop.signal.aborted) controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
      };
      void walk(desk, queryOf(request), tell, AbortSignal.any([stop.signal, gone])).then(() => {
        if (!stop.signal.aborted) controller.close();
      });
    },
    cancel: () => stop.abort(),
  });
  return pageAnswer(body, 'application/x-ndjson');
}

async function walk(
  desk: Desk,
  query: DeskQuery,
  tell: (line: StatsLine) => void,
  signal: AbortSignal,
): Promise<void> {
  let toldAt = performance.now();
  const onProgress = (examined: number) => {
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    tell({ examined });
  };
  try {
    tell({ counts: await desk.stats(query, onProgress, signal), now: Date.now() });
  } catch (error) {
    tell({ error: wordsFor(error) });
  }
}
