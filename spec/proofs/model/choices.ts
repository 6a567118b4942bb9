import type { Caller } from './caller.js';
import { type Fault, times } from './scenario.js';
import { names } from './setting.js';
import type { Fate, Request, World } from './world.js';

/** Something that may happen next. `at`: of which caller, request or process, by its index. */
export interface Choice {
  readonly kind: Kind;
  readonly at: number;
  /** Which version a stale read returns. */
  readonly version?: number;
}

type Kind =
  | 'begin'
  | 'deliver'
  | 'return'
  | 'fire'
  | 'resume'
  | 'notice'
  | 'end'
  | Exclude<Fault, 'stale read' | 'crash'>
  | 'stale read'
  | 'crash'
  | 'crash after write';

const noFaults: ReadonlySet<Kind> = new Set([
  'begin',
  'deliver',
  'return',
  'fire',
  'resume',
  'notice',
  'end',
]);

/** Everything that may happen now, faults last. */
export function choicesIn(world: World): Choice[] {
  const choices: Choice[] = [];
  if (world.isOver) return choices;
  beginnings(world, choices);
  deliveries(world, choices);
  endings(world, choices);
  notices(world, choices);
  moments(world, choices);
  const { scenario } = world.setting;
  if (isDone(world)) choices.push({ kind: 'end', at: 0 });
  else if (world.faults < scenario.mostFaults) {
    const faults: Choice[] = [];
    networkFaults(world, faults);
    methodFaults(world, faults);
    processFaults(world, faults);
    noticeFaults(world, faults);
    for (const choice of faults) if (scenario.faults.includes(faultOf(choice))) choices.push(choice);
  }
  return choices;
}

function faultOf({ kind }: Choice): Fault {
  return kind === 'crash after write' ? 'crash' : (kind as Fault);
}

/** Whether all calls but the last have ended. */
export function isDone({ callers }: World): boolean {
  return callers.every(
    ({ facts, state }) => facts.isLast || facts.isInner || state === 'ended' || state === 'crashed',
  );
}

// Equal callers begin in their order. An operator comes at any time.
function beginnings(world: World, choices: Choice[]): void {
  let isFirst = true;
  for (const { facts, state } of world.callers) {
    if (state !== 'idle' || facts.isLast || facts.isInner) continue;
    if (facts.purpose === 'run') {
      if (!isFirst) continue;
      isFirst = false;
    }
    if (world.isRunning(facts.process)) choices.push({ kind: 'begin', at: facts.index });
  }
}

function deliveries(world: World, choices: Choice[]): void {
  for (let at = 0; at < world.requests.length; at += 1) {
    const { status, caller } = world.requests[at] as Request;
    if (status !== 'answered' || world.isRunning(processIn(world, caller)))
      choices.push({ kind: 'deliver', at });
  }
}

function endings(world: World, choices: Choice[]): void {
  for (const { work, facts } of world.callers)
    if ((work === 'method' || work === 'recovery') && world.isRunning(facts.process))
      choices.push({ kind: 'return', at: facts.index });
}

function notices(world: World, choices: Choice[]): void {
  for (const { notice, awaitsNotice, facts } of world.callers)
    if (notice !== 'none' && awaitsNotice && world.isRunning(facts.process))
      choices.push({ kind: 'notice', at: facts.index });
}

/** Lets time pass until the next timer, unless a call expects a response at once. */
function moments(world: World, choices: Choice[]): void {
  const { now, callers, processes } = world;
  let next = Number.POSITIVE_INFINITY;
  for (const { alarmAt, facts } of callers)
    if (world.isRunning(facts.process)) next = Math.min(next, Math.max(alarmAt, now));
  for (const { suspendedUntil } of processes)
    if (suspendedUntil !== undefined) next = Math.min(next, suspendedUntil);
  if (next > now && (next === Number.POSITIVE_INFINITY || isBusy(world))) return;
  for (const { alarmAt, facts } of callers)
    if (alarmAt <= next && world.isRunning(facts.process)) choices.push({ kind: 'fire', at: facts.index });
  for (const { suspendedUntil, index, isAlive } of processes)
    if (isAlive && suspendedUntil !== undefined && suspendedUntil <= next)
      choices.push({ kind: 'resume', at: index });
}

function processIn({ callers }: World, caller: number): number {
  return callers[caller]?.facts.process as number;
}

function isBusy(world: World): boolean {
  for (const { status, isSlow, caller } of world.requests) {
    const isAtOnce = status === 'fresh' || (status === 'answered' && !isSlow);
    if (isAtOnce && world.isRunning(processIn(world, caller))) return true;
  }
  for (const { notice, awaitsNotice, facts } of world.callers)
    if (notice === 'fresh' && awaitsNotice && world.isRunning(facts.process)) return true;
  return false;
}

function networkFaults(world: World, faults: Choice[]): void {
  const { requests } = world;
  for (let at = 0; at < requests.length; at += 1) {
    const { status, operation, caller } = requests[at] as Request;
    const { facts } = world.callers[caller] as Caller;
    if (status !== 'fresh' || !world.isRunning(facts.process)) continue;
    faults.push({ kind: 'lost answer', at }, { kind: 'late answer', at });
    faults.push({ kind: 'store error', at }, { kind: 'delayed request', at });
    if (operation.kind !== 'find') {
      faults.push({ kind: 'repeated write', at }, { kind: 'crash after write', at });
    } else if (!operation.isConsistent) {
      const versions = world.versions[facts.key]?.length ?? 0;
      for (let version = 0; version < versions - 1; version += 1)
        faults.push({ kind: 'stale read', at, version });
    }
  }
}

function methodFaults(world: World, faults: Choice[]): void {
  for (const { work, facts } of world.callers)
    if ((work === 'method' || work === 'recovery') && world.isRunning(facts.process))
      faults.push({ kind: 'method failure', at: facts.index });
}

function processFaults(world: World, faults: Choice[]): void {
  for (const { index, hasJumped } of world.processes) {
    const isAtWork = world.callers.some(({ facts, state }) => facts.process === index && state === 'calling');
    if (!isAtWork || !world.isRunning(index)) continue;
    faults.push({ kind: 'crash', at: index }, { kind: 'suspension', at: index });
    if (!hasJumped) faults.push({ kind: 'clock jump', at: index });
  }
}

function noticeFaults(world: World, faults: Choice[]): void {
  for (const { notice, awaitsNotice, facts } of world.callers) {
    if (!awaitsNotice || !world.isRunning(facts.process)) continue;
    const at = facts.index;
    if (notice === 'fresh') faults.push({ kind: 'lost notice', at }, { kind: 'late notice', at });
    faults.push({ kind: 'end of notices', at });
  }
}

/** Lets it happen, and everything that follows from it by itself. */
export function take(world: World, choice: Choice): void {
  if (!noFaults.has(choice.kind)) world.faults += 1;
  happen(world, choice);
  world.checkClaims();
}

function happen(world: World, { kind, at, version }: Choice): void {
  switch (kind) {
    case 'begin':
      return world.begin(world.caller(at));
    case 'deliver': {
      const request = requestAt(world, at);
      return request.status === 'answered' ? world.answer(request, request.answer) : world.apply(request);
    }
    case 'return':
      return world.returns(world.caller(at));
    case 'fire': {
      const caller = world.caller(at);
      return world.fire(caller, Math.max(caller.alarmAt, world.now));
    }
    case 'resume':
      return world.resume(at, world.processes[at]?.suspendedUntil as number);
    case 'notice':
      return world.notice(world.caller(at));
    case 'end':
      return world.end();
    case 'store error':
      return world.refuse(requestAt(world, at));
    case 'delayed request':
      return world.hold(requestAt(world, at));
    case 'stale read': {
      const request = requestAt(world, at);
      const key = world.callers[request.caller]?.facts.key as number;
      return world.answer(request, world.versions[key]?.[version as number]);
    }
    case 'method failure':
      return world.throws(world.caller(at));
    case 'crash':
      return world.crash(at);
    case 'suspension':
      return world.suspend(at);
    case 'clock jump':
      return world.jump(at);
    case 'lost notice':
      world.caller(at).notice = 'none';
      return;
    case 'late notice':
      world.caller(at).notice = 'late';
      return;
    case 'end of notices':
      return world.endNotices(world.caller(at));
    default:
      return world.apply(requestAt(world, at), fates[kind]);
  }
}

const fates: Readonly<Record<'lost answer' | 'late answer' | 'repeated write' | 'crash after write', Fate>> =
  {
    'lost answer': 'lost',
    'late answer': 'slow',
    'repeated write': 'twice',
    'crash after write': 'crash',
  };

function requestAt(world: World, at: number): Request {
  return world.requests[at] as Request;
}

/** What happens, in words. */
export function labelOf(world: World, { kind, at, version }: Choice): string {
  const request = world.requests[at];
  const caller = world.callers[at];
  switch (kind) {
    case 'begin':
      return `call ${at} begins in process ${processOf(caller)}`;
    case 'deliver':
      if (request?.status === 'answered') return `the answer to ${nameOf(request)} arrives`;
      return `${nameOf(request)} is applied${request?.status === 'held' ? ', late' : ''}`;
    case 'return':
      return `what call ${at} runs returns`;
    case 'fire':
      return `the timer of call ${at} fires, after ${Math.max(0, (caller?.alarmAt ?? 0) - world.now)} ms`;
    case 'resume':
      return `process ${names[at]} goes on, after ${(world.processes[at]?.suspendedUntil ?? 0) - world.now} ms`;
    case 'notice':
      return `a notice reaches call ${at}`;
    case 'end':
      return 'nothing else arrives';
    case 'lost answer':
      return `${nameOf(request)} is applied, its answer lost`;
    case 'late answer':
      return `${nameOf(request)} is applied, its answer late`;
    case 'store error':
      return `${nameOf(request)} is refused`;
    case 'delayed request':
      return `${nameOf(request)} is held up`;
    case 'repeated write':
      return `${nameOf(request)} is applied, and will be again`;
    case 'crash after write':
      return `${nameOf(request)} is applied, and process ${processOf(world.callers[request?.caller ?? 0])} crashes`;
    case 'stale read': {
      const versions = world.versions[world.callers[request?.caller ?? 0]?.facts.key ?? 0]?.length;
      return `${nameOf(request)} is answered with version ${(version ?? 0) + 1} of ${versions}`;
    }
    case 'method failure':
      return `what call ${at} runs throws`;
    case 'crash':
      return `process ${names[at]} crashes`;
    case 'suspension':
      return `process ${names[at]} is suspended`;
    case 'clock jump': {
      const isAhead = (world.processes[at]?.skew ?? 0) > 0;
      return `the clock of process ${names[at]} jumps by ${isAhead ? -times.skew : times.skew} ms`;
    }
    case 'lost notice':
      return `a notice to call ${at} is lost`;
    case 'late notice':
      return `a notice to call ${at} is held up`;
    case 'end of notices':
      return `the store gives call ${at} no notices any more`;
  }
}

function processOf(caller: Caller | undefined): string | undefined {
  return names[caller?.facts.process ?? 0];
}

function nameOf(request: Request | undefined): string {
  if (!request) return 'no request';
  const name = names[request.caller];
  return `${request.operation.kind} ${name}${request.n || ''}${request.isRepeated ? "'" : ''}`;
}
