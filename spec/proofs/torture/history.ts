import {
  type EventName,
  type Line,
  type LineOf,
  ownerOf,
  type Policy,
  type Rules,
  type StoreName,
} from './ledger.js';

/** One run of a method. Places are those of lines in the ledger: what has a higher one was written later. */
export interface Run {
  readonly run: string;
  readonly worker: string;
  readonly attempt: number;
  readonly token: number;
  /** When and where it says that it began. */
  readonly at: number;
  readonly place: number;
  /** Until when its lease held at the least. */
  leaseUntil: number;
  effectPlace?: number;
  failedPlace?: number;
  isCompleting?: true;
  readonly events: Set<EventName>;
}

type Placed<L> = L & { readonly place: number };

/** All that is known of one key. */
export class Story {
  readonly store: StoreName;
  readonly policy: Policy;
  readonly runs: Run[] = [];
  readonly effects: Placed<LineOf<'effect'>>[] = [];
  readonly recoveries: Placed<LineOf<'recovering'>>[] = [];
  readonly calls: Placed<LineOf<'called'>>[] = [];
  readonly answers: Placed<LineOf<'answered'>>[] = [];
  readonly refusals: Placed<LineOf<'refused'>>[] = [];
  record: LineOf<'record'> | undefined;

  constructor(readonly key: string) {
    const { store, policy } = ownerOf(key);
    this.store = store;
    this.policy = policy;
  }

  runOf(name: string | undefined): Run | undefined {
    return this.runs.find(({ run }) => run === name);
  }

  /** Whether a caller got the outcome of that run although the store had not taken it. */
  isGivenUp(name: string): boolean {
    return this.runOf(name)?.events.has('outcome-not-stored') === true;
  }
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** A ledger, sorted by whom its lines are about. */
export class History {
  readonly rules: Rules;
  readonly stories = new Map<string, Story>();
  /** Where the calm begins. */
  readonly calmPlace: number;
  readonly crashes: readonly LineOf<'crashed'>[];
  readonly #killed = new Map<string, number>();
  readonly #frozen = new Map<string, Interval[]>();
  readonly #stopped = new Map<string, Interval[]>();

  /** @throws {TypeError} where the ledger does not say by which rules it was made. */
  constructor(readonly lines: readonly Line[]) {
    const rules = lines.find((line) => line.kind === 'rules');
    if (!rules) throw new TypeError('a ledger begins with its rules');
    this.rules = rules;
    const calm = lines.findIndex(({ kind }) => kind === 'calm');
    this.calmPlace = calm < 0 ? lines.length : calm;
    this.crashes = this.of('crashed');
    for (const [place, line] of lines.entries()) this.#take(line, place);
    // A process may be stopped before it can say that its run begins: tokens tell who came first.
    for (const { runs } of this.stories.values()) runs.sort((one, other) => one.token - other.token);
  }

  of<K extends Line['kind']>(kind: K): LineOf<K>[] {
    return this.lines.filter((line): line is LineOf<K> => line.kind === kind);
  }

  wasKilled(worker: string, before = this.lines.length): boolean {
    return (this.#killed.get(worker) ?? Number.POSITIVE_INFINITY) < before;
  }

  /** For how many milliseconds nothing happened in that process between two instants. */
  frozenTime(worker: string, from: number, to: number): number {
    const within = (intervals: readonly Interval[] = []) =>
      intervals.reduce((sum, one) => sum + Math.max(0, Math.min(one.to, to) - Math.max(one.from, from)), 0);
    // The process records it when it goes on, and so does the process that stopped it.
    return Math.max(within(this.#frozen.get(worker)), within(this.#stopped.get(worker)));
  }

  #take(line: Line, place: number): void {
    switch (line.kind) {
      case 'killed':
        this.#killed.set(line.worker, place);
        break;
      case 'frozen':
        pushTo(this.#frozen, line.worker, line);
        break;
      case 'stopped':
        pushTo(this.#stopped, line.worker, { from: line.at, to: this.#continued(line.worker, place) });
        break;
      case 'began':
      case 'effect':
      case 'completing':
      case 'failed':
      case 'event':
      case 'recovering':
      case 'called':
      case 'answered':
      case 'refused':
      case 'record':
        this.#tell(this.#storyOf(line.key), line, place);
    }
  }

  #tell(story: Story, line: Line, place: number): void {
    const run = 'run' in line ? story.runOf(line.run) : undefined;
    switch (line.kind) {
      case 'began':
        story.runs.push({ ...line, place, leaseUntil: line.token + this.rules.lease, events: new Set() });
        break;
      case 'effect':
        story.effects.push({ ...line, place });
        if (run) run.effectPlace ??= place;
        break;
      case 'completing':
        if (run) run.isCompleting = true;
        break;
      case 'failed':
        if (run) run.failedPlace = place;
        break;
      case 'event':
        run?.events.add(line.name);
        if (run && line.until !== undefined) run.leaseUntil = Math.max(run.leaseUntil, line.until);
        break;
      case 'recovering':
        story.recoveries.push({ ...line, place });
        break;
      case 'called':
        story.calls.push({ ...line, place });
        break;
      case 'answered':
        story.answers.push({ ...line, place });
        break;
      case 'refused':
        story.refusals.push({ ...line, place });
        break;
      case 'record':
        story.record = line;
    }
  }

  #storyOf(key: string): Story {
    const known = this.stories.get(key) ?? new Story(key);
    this.stories.set(key, known);
    return known;
  }

  #continued(worker: string, from: number): number {
    const end = this.lines.slice(from).find((line) => line.kind === 'continued' && line.worker === worker);
    return end?.at ?? Number.POSITIVE_INFINITY;
  }
}

function pushTo<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  list.push(item);
}
