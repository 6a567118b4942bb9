import { AsyncResource, createHook } from 'node:async_hooks';
import { here } from './here.js';
import type { Place, ProcessOfPlace, UnwrappedIo } from './place.js';
import { realNow, restOfTurn } from './turns.js';

/** What Node.js has for what is simulated, or happens at once. */
const simulated = new Set(['PROMISE', 'TickObject', 'Microtask', 'Immediate']);

/** What reaches outside of the process, by the names that Node.js has for what waits for it. */
const reaching = new Map([
  ['FSREQCALLBACK', 'a file'],
  ['FSREQPROMISE', 'a file'],
  ['GETADDRINFOREQWRAP', 'the name of a host'],
  ['GETNAMEINFOREQWRAP', 'the name of a host'],
  ['QUERYWRAP', 'the name of a host'],
  ['TCPWRAP', 'a connection'],
  ['TCPCONNECTWRAP', 'a connection'],
  ['PIPEWRAP', 'a connection'],
  ['PIPECONNECTWRAP', 'a connection'],
  ['TLSWRAP', 'a connection'],
  ['HTTPCLIENTREQUEST', 'a connection'],
  ['HTTP2SESSION', 'a connection'],
  ['HTTP2STREAM', 'a connection'],
  ['UDPWRAP', 'a socket'],
  ['UDPSENDWRAP', 'a socket'],
  ['PROCESSWRAP', 'another process'],
  ['WORKER', 'a thread'],
  ['Timeout', 'a real timer'],
]);

/** For how long something is waited for, and for how long after its last sign for what stays, such as a stream of zlib. */
const ONCE_MS = 1_000;
const QUIET_MS = 20;

/** Something that Node.js computes elsewhere for a process, such as a hash. It is waited for, so that no time passes meanwhile. */
interface Computed {
  readonly process: ProcessOfPlace;
  /** Whether it is over when it has called back. */
  readonly isOnce: boolean;
  /** Whether it has a callback that can be seen, as what `node:crypto` does at once has not, nor what Web Crypto does in Node.js 24. */
  readonly callsBack: () => boolean;
  readonly isRandom: boolean;
  until: number;
  /** Whether there was a sign of it. Where its process goes on then, it is over. */
  hasAnswered: boolean;
}

const computed = new Map<number, Computed>();

/** Takes note of what simulated processes do outside of the simulation, until the returned function is called. */
export function watchRealWork(): () => void {
  const hook = createHook({ init, before }).enable();
  const { fetch } = globalThis as { fetch?: typeof globalThis.fetch };
  const putBack = fetch && watchFetch(fetch);
  return () => {
    hook.disable();
    computed.clear();
    putBack?.();
  };
}

/** It connects later, where nothing leads back to its caller. */
function watchFetch(fetch: typeof globalThis.fetch): () => void {
  const watched: typeof fetch = (...args) => {
    const process = here.getStore()?.process;
    if (!process) return fetch(...args);
    reach(process, 'a connection', { ...placeOf(stackAbove(watched)), by: 'fetch' });
    return new Promise(() => {});
  };
  globalThis.fetch = watched;
  return () => {
    if (globalThis.fetch === watched) globalThis.fetch = fetch;
  };
}

/** Waits until nothing is computed elsewhere for a process; of what stays, such as a stream of zlib, only while the process is idle. */
export async function awaitComputed(process: ProcessOfPlace, isIdle: () => boolean): Promise<void> {
  while (isComputing(process, isIdle)) await restOfTurn();
}

/** Whether something was computed elsewhere for a process that may have gone on for longer than it was waited for. */
export function hasComputed(process: ProcessOfPlace): boolean {
  return [...computed.values()].some((work) => work.process === process);
}

/** Forgets what is computed for a process that is over. */
export function forgetComputed(process: ProcessOfPlace): void {
  for (const [id, work] of computed) if (work.process === process) computed.delete(id);
}

/** Waits for real time, as long as a condition holds. Returns whether it holds no more. */
export async function awaitReal(ms: number, condition: () => boolean): Promise<boolean> {
  const until = realNow() + ms;
  while (condition()) {
    if (realNow() >= until) return false;
    await restOfTurn();
  }
  return true;
}

function init(id: number, type: string, _trigger: number, resource: object): void {
  if (simulated.has(type)) return;
  const place = here.getStore();
  // What belongs to JavaScript is called by JavaScript.
  if (!place || resource instanceof AsyncResource) return;
  const { process } = place;
  if (!process) return lookOutside(place, type);
  if (process.state === 'dead') return;
  const what = reaching.get(type);
  if (what !== undefined) {
    const stack = stackAbove(init);
    // Node.js opens its standard streams when they are used first.
    if (stack.includes('node:internal/bootstrap')) return;
    const where = placeOf(stack);
    // It has timers of its own, too.
    if (type === 'Timeout' && !/^set(Timeout|Interval)$/.test(where.by ?? '')) return;
    // To read the modules of import() is computing.
    if (!stack.includes('node:internal/modules')) return reach(process, what, where);
  }
  const isOnce = /REQ(UEST|CALLBACK|PROMISE|WRAP)?$/.test(type);
  computed.set(id, {
    process,
    isOnce,
    callsBack: () => isOnce && (!type.endsWith('REQUEST') || 'ondone' in resource),
    isRandom: type === 'RANDOMBYTESREQUEST',
    until: realNow() + (type === 'MESSAGEPORT' ? QUIET_MS : ONCE_MS),
    hasAnswered: false,
  });
}

function lookOutside({ realParts }: Place, type: string): void {
  if (!realParts || realParts.areSeen || !reaching.has(type) || /^FS|^Timeout$/.test(type)) return;
  realParts.areSeen = !stackAbove(init).includes('node:internal/bootstrap');
}

function before(id: number): void {
  if (computed.size === 0) return;
  const work = computed.get(id);
  if (work?.isOnce) computed.delete(id);
  else if (work) Object.assign(work, { hasAnswered: true, until: realNow() + QUIET_MS });
}

function isComputing(process: ProcessOfPlace, isIdle: () => boolean): boolean {
  for (const [id, work] of computed) {
    const callsBack = work.callsBack();
    // Random bytes are drawn in each call, by its owner, and at once.
    if ((work.isRandom && !callsBack) || (work.hasAnswered && work.process === process && !isIdle()))
      computed.delete(id);
    if (work.until < realNow()) continue;
    if (work.process === process && (callsBack || isIdle())) return true;
  }
  return false;
}

function reach(process: ProcessOfPlace, what: string, place: Omit<UnwrappedIo, 'what'>): void {
  process.reached ??= { what, ...place };
}

function stackAbove(callee: (...args: never[]) => unknown): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  const from: { readonly stack?: string } = {};
  Error.captureStackTrace(from, callee);
  Error.stackTraceLimit = stackTraceLimit;
  return from.stack ?? '';
}

/** Reads a stack: the first line of the user's own code, and what that has called. */
function placeOf(stack: string): Omit<UnwrappedIo, 'what'> {
  const frames = stack
    .split('\n')
    .slice(1)
    .filter((frame) => !frame.includes('node:internal/async_hooks'));
  const isForeign = (frame: string) => /\(?node:|node_modules|\(<anonymous>\)/.test(frame);
  const own = frames.findIndex((frame) => !isForeign(frame));
  const at = own < 0 ? frames.findIndex((frame) => !/\(?node:/.test(frame)) : own;
  const callee = frames.slice(0, Math.max(at, 0)).at(-1);
  return {
    by: callee?.match(/at (?:async )?(?:new )?(?:\w+\.)*([\w$]+)(?: \[as [\w$]+\])? \(/)?.[1],
    line: frames[at]?.trim().replace(/^at (?:async )?/, ''),
  };
}
