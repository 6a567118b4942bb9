import { ProtocolTrace } from '../specification/protocol-trace.js';
import type { History, Story } from './history.js';
import type { Line, LineOf, Policy } from './ledger.js';

const policies = {
  run: 'run',
  refuse: 'refuse',
  recover: 'ask',
  transaction: 'run',
} as const satisfies Record<Policy, string>;

/** What happened to each key of a ledger, as traces that the specification is asked about. */
export function protocolTraces({ stories, lines, rules }: History): ProtocolTrace[] {
  const start = lines[0]?.at ?? 0;
  const byKey = new Map<string, Line[]>();
  for (const line of lines) if ('key' in line) byKey.set(line.key, [...(byKey.get(line.key) ?? []), line]);
  return [...stories.values()].map((story) => {
    const { lease, tolerance } = rules;
    const trace = new ProtocolTrace(story.key, { policy: policies[story.policy], lease, tolerance }, start);
    new Telling(trace, story, byKey.get(story.key) ?? []).tell();
    return trace;
  });
}

/** The lines about one key as a trace. */
class Telling {
  readonly #calls = new Map<string, number>();
  /** Calls that ran a method or a recovery function, and the call of each run. */
  readonly #active = new Set<string>();
  readonly #callOfRun = new Map<string, string>();
  /** Which call recorded the outcome of a run. */
  readonly #recorded = new Map<string, string>();
  readonly #leases = new Map<string, number>();
  /** What is still to arrive, each with the token of what it replaced. */
  readonly #coming: LineOf<'sent'>[];

  constructor(
    readonly trace: ProtocolTrace,
    readonly story: Story,
    readonly lines: readonly Line[],
  ) {
    this.#coming = this.#versions();
  }

  tell(): void {
    for (const line of this.lines) this.#take(line);
    if (this.#coming.length > 0) this.trace.leftOut ??= 'not all of its writes are known';
  }

  /**
   * What stood under the key, one version after the other: nothing is deleted, and each write names what it follows. So the
   * last version leads to all before it.
   */
  #versions(): LineOf<'sent'>[] {
    const sent = new Map<string, LineOf<'sent'>>();
    for (const line of this.lines) if (line.kind === 'sent') sent.set(line.record.token, line);
    const versions: LineOf<'sent'>[] = [];
    for (let token = this.story.record?.version; token !== undefined; token = versions[0]?.follows) {
      const line = sent.get(token);
      if (!line) {
        this.trace.leftOut ??= 'not all of its writes are known';
        return [];
      }
      versions.unshift(line);
    }
    if (versions.length === 0) this.trace.leftOut ??= 'nothing is known of its record';
    return versions;
  }

  #take(line: Line): void {
    const { trace } = this;
    switch (line.kind) {
      case 'called':
        this.#calls.set(line.call, this.#calls.size);
        trace.begins(line.at, this.#number(line.call));
        break;
      case 'sent':
        this.#send(line);
        break;
      case 'began':
      case 'recovering':
        this.#start(line);
        break;
      case 'decided':
        trace.ends(line.at, this.#number(line.call), line.runs ? 'lets_run' : 'returns');
        break;
      case 'returned':
      case 'failed':
        trace.ends(
          line.at,
          this.#number(this.#callOfRun.get(line.run)),
          line.kind === 'failed' ? 'fails' : 'returns',
        );
        break;
      case 'answered': {
        const recorder = this.#recorded.get(line.run);
        const source = recorder ?? this.#callOfRun.get(line.run);
        trace.answers(line.at, this.#number(line.call), this.#number(source), recorder !== undefined);
        break;
      }
      case 'refused':
        if (!this.#active.has(line.call)) trace.givesUp(line.at, this.#number(line.call));
    }
  }

  /** A write arrives when it was sent and what it follows has arrived, for all that anything in the ledger depends on it. */
  #send(line: LineOf<'sent'>): void {
    const { record, follows: token, at: now, isHandedOut = false } = line;
    this.trace.sends(now, { record, token, now, call: this.#number(line.call), isHandedOut });
    if (this.#coming[0]?.record.token !== record.token) return;
    this.#coming.shift();
    this.trace.arrives(now, record);
    const { state } = record;
    if (state.status === 'in-progress') this.#leases.set(line.call ?? '', state.leaseUntil);
    if (state.status !== 'completed' || !('json' in state.outcome)) return;
    const { run } = state.outcome.json as { readonly run: string };
    this.#recorded.set(run, line.call ?? '');
  }

  #start(line: LineOf<'began' | 'recovering'>): void {
    const { call = '', at } = line;
    this.#active.add(call);
    // The library looks at the clock before the process is stopped, and the first line is written after it.
    if (at >= (this.#leases.get(call) ?? 0))
      this.trace.leftOut ??= 'a process stood still as its method began';
    if (line.kind === 'recovering') this.trace.asks(at, this.#number(call), at);
    else {
      this.#callOfRun.set(line.run, call);
      this.trace.runs(at, this.#number(call), at);
    }
  }

  #number(call: string | undefined): number {
    return this.#calls.get(call ?? '') ?? -1;
  }
}
