import type { Caller } from './caller.js';
import type { Setting } from './setting.js';
import type { Process, World } from './world.js';

/**
 * An order of equal callers that follows from their state, and not from who they are. States that differ only in which of them
 * is which then have the same hash. Two callers that it cannot tell apart stay in their order, which merges less and nothing wrong.
 */
export class CallerOrder {
  /** The name of each caller. */
  readonly names: Int32Array;
  readonly processOrder: number[];
  readonly callerOrder: number[];
  readonly #signs: Int32Array;
  readonly #processSigns: Int32Array;
  /** The callers of each process, and what processes have to have in common to be equal. */
  readonly #callersIn: number[][];
  readonly #kinds: number[];
  readonly #hasEqual: boolean;
  readonly #inner: readonly (number | undefined)[];

  constructor(setting: Setting) {
    const { callers, processes } = setting;
    this.names = Int32Array.from(callers, (_, index) => index);
    this.callerOrder = [...this.names];
    this.processOrder = Array.from({ length: processes }, (_, index) => index);
    this.#signs = new Int32Array(callers.length);
    this.#processSigns = new Int32Array(processes);
    this.#inner = callers.map(({ inner }) => inner);
    const ofProcess = (process: number) => callers.filter((caller) => caller.process === process);
    this.#callersIn = this.processOrder.map((process) =>
      ofProcess(process)
        .filter(({ isInner, purpose }) => !isInner && purpose === 'run')
        .map(({ index }) => index),
    );
    this.#kinds = this.processOrder.map((process) => {
      const all = ofProcess(process);
      const isOther = all.some(({ isLast, purpose }) => isLast || purpose !== 'run');
      return isOther ? 100 + process : all.length;
    });
    const hasEqualProcesses = new Set(this.#kinds).size < processes;
    this.#hasEqual = hasEqualProcesses || this.#callersIn.some(({ length }) => length > 1);
  }

  sort(world: World): void {
    if (!this.#hasEqual) return;
    const { callers, processes } = world;
    const signs = this.#signs;
    signs.fill(0);
    for (const caller of callers) signs[caller.facts.index] = signOf(caller, world);
    for (const { caller, status, operation } of world.requests)
      (signs[caller] as number) += status.length * 131 + operation.kind.length * 17;
    for (const process of this.processOrder) {
      const its = this.#callersIn[process] as number[];
      if (its.length > 1) its.sort((a, b) => (signs[a] as number) - (signs[b] as number) || a - b);
      let sign = signOfProcess(processes[process] as Process, world.now);
      for (const index of its) sign = (Math.imul(sign, 31) + (signs[index] as number)) | 0;
      this.#processSigns[process] = sign;
    }
    const order = this.processOrder;
    if (order.length > 2) order.sort((a, b) => this.#compare(a, b));
    this.#name();
  }

  #compare(a: number, b: number): number {
    const kind = (this.#kinds[a] as number) - (this.#kinds[b] as number);
    return kind || (this.#processSigns[a] as number) - (this.#processSigns[b] as number) || a - b;
  }

  #name(): void {
    const { names, callerOrder } = this;
    let next = 0;
    const add = (index: number) => {
      names[index] = next;
      callerOrder[next] = index;
      next += 1;
    };
    names.fill(-1);
    for (const process of this.processOrder) {
      for (const index of this.#callersIn[process] as number[]) {
        add(index);
        const inner = this.#inner[index];
        if (inner !== undefined) add(inner);
      }
    }
    for (let index = 0; index < names.length; index += 1) if (names[index] === -1) add(index);
  }
}

/** Follows from what is written of a state, and not from which caller it is. */
function signOf(caller: Caller, { now, processes, versions }: World): number {
  const { facts, state, work, runs, waited, alarmAt, isAborted } = caller;
  if (state === 'idle') return 1;
  const token = versions[facts.key]?.at(-1)?.token;
  let sign = runs * 3 + (isAborted ? 11 : 0) + (token !== undefined && token[0] === facts.name ? 17 : 0);
  if (state !== 'calling') return sign;
  const call = processes[facts.process]?.state.calls.get(facts.index + 1);
  sign = Math.imul(sign, 31) + waited * 5 + work.length * 13 + 7;
  sign = Math.imul(sign, 31) + (alarmAt === Number.POSITIVE_INFINITY ? 7 : Math.max(0, alarmAt - now));
  if (call)
    sign = Math.imul(sign, 31) + call.phase.charCodeAt(0) + call.phase.charCodeAt(2) * 3 + call.claim.length;
  return sign | 0;
}

function signOfProcess({ isAlive, suspendedUntil, skew }: Process, now: number): number {
  if (!isAlive) return 1;
  return 2 + skew * 64 + (suspendedUntil === undefined ? 0 : Math.max(0, suspendedUntil - now) * 8);
}
