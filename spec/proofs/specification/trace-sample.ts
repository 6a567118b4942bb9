import type { ProtocolTrace } from './protocol-trace.js';
import { obstacleToSpin } from './spin.js';
import { prepared, validate } from './validating.js';

/** A trace that the specification does not allow, for reading. */
export interface RejectedTrace {
  readonly name: string;
  /** `no step`, or the guarantee that the step would break. */
  readonly why: string;
  readonly event: number;
  /** The events up to that one. */
  readonly lines: readonly string[];
}

/** What the specification says of some traces. */
export interface Validated {
  readonly traces: number;
  readonly steps: number;
  readonly seconds: number;
  /** Traces about which it says nothing, by the reason. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly rejected: readonly RejectedTrace[];
}

/** How many events before a rejected one are shown. */
const SHOWN = 25;

/** Traces that the specification is asked about at once. */
export class TraceSample {
  readonly #traces = new Map<string, ProtocolTrace>();
  readonly #leftOut: Record<string, number> = {};

  add(traces: readonly ProtocolTrace[]): void {
    for (const trace of traces) {
      if (trace.leftOut === undefined) this.#traces.set(trace.name, trace);
      else this.#leftOut[trace.leftOut] = (this.#leftOut[trace.leftOut] ?? 0) + 1;
    }
  }

  /** @throws {Error} where there are traces and spin is missing. */
  validated(): Validated {
    const traces = [...this.#traces.values()];
    const leftOut = this.#leftOut;
    if (traces.length === 0) return { traces: 0, steps: 0, seconds: 0, leftOut, rejected: [] };
    const { rejections, ...counts } = validate(traces.map(({ text }) => text).join(''));
    const rejected = rejections.map(({ trace: name, event, why }) => {
      const trace = this.#traces.get(name) as ProtocolTrace;
      const from = Math.max(1, event - SHOWN);
      const lines = Array.from(
        { length: event - from + 1 },
        (_, at) => `${from + at}. ${trace.line(from + at)}`,
      );
      return { name, why, event, lines };
    });
    return { ...counts, leftOut, rejected };
  }
}

/** Why traces cannot be validated on this machine, if so. Otherwise all is prepared for it. */
export function obstacleToValidation(): string | undefined {
  const obstacle = obstacleToSpin();
  if (obstacle === undefined) prepared();
  return obstacle;
}

export function addedUp(all: readonly Validated[]): Validated {
  const leftOut: Record<string, number> = {};
  for (const one of all)
    for (const [why, count] of Object.entries(one.leftOut)) leftOut[why] = (leftOut[why] ?? 0) + count;
  const sum = (of: (one: Validated) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    traces: sum(({ traces }) => traces),
    steps: sum(({ steps }) => steps),
    seconds: sum(({ seconds }) => seconds),
    leftOut,
    rejected: all.flatMap(({ rejected }) => rejected),
  };
}

export function rejectionReport({ name, why, event, lines }: RejectedTrace): string {
  const what = why === 'no step' ? 'has no step in the specification' : `breaks ${why} of the specification`;
  return `VIOLATION: the specification allows each step: event ${event} of ${name} ${what}\n${lines.join('\n')}`;
}

/** What a proof says of its traces in its report. `from` tells what they are taken from. */
export function validationReport(from: string, validated: Validated, obstacle: string | undefined): string {
  if (obstacle !== undefined)
    return `**The traces of these ${from} were NOT VALIDATED against [the specification](specification.md): ${obstacle}.**`;
  const { traces, steps, seconds, leftOut } = validated;
  const left = Object.entries(leftOut).map(([why, count]) => `${count.toLocaleString('en')} because ${why}`);
  return `[The specification](specification.md) allows each of the ${steps.toLocaleString('en')} steps of ${traces.toLocaleString('en')} traces of these ${from}, one for each key, which took ${seconds.toFixed(1)} s. It says nothing about other traces: ${left.join('; ') || 'there are none'}.`;
}
