import type { Line, LineOf, Rules } from './ledger.js';
import type { Message } from './queue-under-test.js';

/** One run of a message, as far as it could say. Instants are epoch milliseconds. */
export type Run = LineOf<'began'> & {
  readonly completingAt: number | undefined;
  readonly hasFailed: boolean;
};

/** All that is known about one message. */
export interface Story {
  readonly id: string;
  readonly what: Message['kind'];
  readonly sent: readonly LineOf<'sent'>[];
  readonly received: readonly LineOf<'received'>[];
  /** By attempt. */
  readonly runs: readonly Run[];
  readonly met: readonly LineOf<'met'>[];
  readonly answers: readonly LineOf<'answered'>[];
  readonly refusals: readonly LineOf<'refused'>[];
  readonly effects: readonly LineOf<'effect'>[];
  readonly parked: readonly LineOf<'parked'>[];
  readonly record: LineOf<'record'> | undefined;
}

/** When something kept a worker from going on. Who is killed never goes on. */
interface Hit {
  readonly by: 'killed' | 'stopped' | 'frozen';
  readonly from: number;
  to: number;
}

/** A ledger, by message and by worker. */
export class History {
  readonly rules: Rules;
  readonly stories: readonly Story[];
  readonly #hits = new Map<string, Hit[]>();

  /** @throws {TypeError} where it does not say what the rules are. */
  constructor(readonly lines: readonly Line[]) {
    const [rules] = this.of('rules');
    if (!rules) throw new TypeError('the ledger has no line of the kind "rules"');
    this.rules = rules;
    const byId = new Map<string, Line[]>();
    for (const line of lines) {
      if ('id' in line) byId.set(line.id, [...(byId.get(line.id) ?? []), line]);
    }
    this.stories = [...byId].map(([id, told]) => storyOf(id, told));
    for (const line of lines) this.#noteHit(line);
  }

  of<K extends Line['kind']>(kind: K): LineOf<K>[] {
    return this.lines.filter((line): line is LineOf<K> => line.kind === kind);
  }

  /** Whether the worker was killed, suspended or without a processor between two instants. */
  isHit(worker: string, from: number, to = Number.POSITIVE_INFINITY): boolean {
    return this.#hitsOf(worker).some((hit) => hit.from <= to && hit.to >= from);
  }

  /** What the ledger says about a message, about the workers that had it, and about the broker. */
  about({ id, received }: Story): readonly Line[] {
    const workers = received.map(({ worker }) => worker);
    const isAbout = (line: Line) =>
      'id' in line
        ? line.id === id
        : 'worker' in line
          ? workers.includes(line.worker)
          : /^(down|up)$/.test(line.kind);
    return this.lines.filter(isAbout);
  }

  #noteHit(line: Line): void {
    switch (line.kind) {
      case 'killed':
      case 'stopped':
        this.#hitsOf(line.worker).push({ by: line.kind, from: line.at, to: Number.POSITIVE_INFINITY });
        return;
      case 'continued': {
        const last = this.#hitsOf(line.worker).findLast(({ by }) => by === 'stopped');
        if (last) last.to = line.at;
        return;
      }
      case 'frozen':
        this.#hitsOf(line.worker).push({ by: line.kind, from: line.from, to: line.to });
        return;
    }
  }

  #hitsOf(worker: string): Hit[] {
    const hits = this.#hits.get(worker) ?? [];
    this.#hits.set(worker, hits);
    return hits;
  }
}

function storyOf(id: string, lines: readonly Line[]): Story {
  const of = <K extends Line['kind']>(kind: K) =>
    lines.filter((line): line is LineOf<K> => line.kind === kind);
  const sent = of('sent');
  const runs = of('began').map((run) => ({
    ...run,
    completingAt: of('completing').find(({ attempt }) => attempt === run.attempt)?.at,
    hasFailed: of('failed').some(({ attempt }) => attempt === run.attempt),
  }));
  return {
    id,
    // What was never sent and yet came is a fault, of whatever kind.
    what: sent[0]?.what ?? 'poison',
    sent,
    received: of('received'),
    runs: runs.sort((one, other) => one.attempt - other.attempt),
    met: of('met'),
    answers: of('answered'),
    refusals: of('refused'),
    effects: of('effect'),
    parked: of('parked'),
    record: of('record')[0],
  };
}
