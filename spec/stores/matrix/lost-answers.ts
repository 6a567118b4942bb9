import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  InProgressError,
  OutcomeUnknownError,
  type PersistenceStore,
  recordOf,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import type { Pattern, TcpFate, TcpProxy } from '../../support/tcp-proxy.js';

/** The writes of a store, by what they are for. */
export type WriteKind = 'claim' | 'renewal' | 'completion' | 'take-over' | 'release' | 'unknown';

/** What a write meets on its way. */
export type Fate = Exclude<TcpFate, 'pass'>;

export const fates: Readonly<Record<string, Fate>> = {
  'is applied and its answer is lost': 'lose',
  'is cut off and arrives after later writes': 'late',
  'is held back, given up, and arrives after later writes': 'hold',
  'is never answered': 'hang',
  'is applied and never answered': 'swallow',
};

/** The network between one process and its server. */
export interface Network {
  /** The next requests of that kind meet these fates, one each. */
  next(kind: WriteKind | 'find', ...fates: Fate[]): void;
  /** Every further request of that kind meets this fate, until `heal`. */
  always(kind: WriteKind, fate: Fate): void;
  heal(): void;
  count(kind: WriteKind | 'find'): number;
  /** How many requests are held back. */
  held(): number;
  /** Delivers the oldest request that was held back; where the server says so, it was refused. */
  deliver(): Promise<void>;
  quiet(): Promise<void>;
  /** What else is to be seen of a write that was repeated. */
  expectRepeated?(kind: WriteKind, fate: Fate): void;
}

/** The network before a server that is told by what its requests look like. */
export function overTcp(proxy: TcpProxy, patterns: Partial<Record<WriteKind | 'find', Pattern>>): Network {
  const pattern = (kind: WriteKind | 'find') => patterns[kind] as Pattern;
  return {
    next: (kind, ...fates) => proxy.next(pattern(kind), ...fates),
    always: (kind, fate) => proxy.always(pattern(kind), fate),
    heal: () => proxy.heal(),
    count: (kind) => proxy.count(pattern(kind)),
    held: () => proxy.held.length,
    deliver: () => proxy.deliver(),
    quiet: async () => {},
  };
}

/** How time passes in a scene. */
export interface SceneTime {
  readonly options: IdempotentOptions;
  until<T>(promise: Promise<T>): Promise<T>;
  /** Resolves when a renewal has succeeded that met its fate, and the first lease would have lapsed. */
  renewed(scene: Scene): Promise<unknown>;
  /** Has a process claim the key and die in the middle of its work. Its claim can be taken over afterwards, or soon. */
  abandon(scene: Scene): Promise<void>;
}

/** One operation in two processes. One of them is behind a network. */
export class Scene {
  readonly runs: string[] = [];
  readonly operation: ReturnType<typeof deployable>;
  key = '';

  constructor(
    readonly store: PersistenceStore,
    readonly elsewhere: PersistenceStore,
    readonly network: Network,
    readonly time: SceneTime,
  ) {
    this.operation = deployable(time.options);
  }

  /** Work that notes that it ran, and ends as `end` does. */
  work(end: () => Promise<unknown> = async () => `run ${this.runs.length}`) {
    return async () => {
      const { key, attempt } = currentExecution();
      this.key = key;
      this.runs.push(`attempt ${attempt}`);
      return end();
    };
  }

  /** A call behind the network that goes on while the spec does something else. */
  begin(work = this.work()): Promise<unknown> {
    return this.operation(this.store, work)('a');
  }

  beginElsewhere(work = this.work(), more: IdempotentOptions = {}): Promise<unknown> {
    return this.operation(this.elsewhere, work, more)('a');
  }

  call(work?: () => Promise<unknown>): Promise<unknown> {
    return this.time.until(this.begin(work));
  }

  callElsewhere(work?: () => Promise<unknown>, more?: IdempotentOptions): Promise<unknown> {
    return this.time.until(this.beginElsewhere(work, more));
  }

  /** The record that is really kept under the key. */
  current(): Promise<IdempotencyRecord | undefined> {
    return this.elsewhere.find(this.key, { consistent: true });
  }
}

/** What happens to one write of each kind, while everything around it is as it should be. */
export const stories: Readonly<Record<WriteKind, (scene: Scene, fate: Fate) => Promise<void>>> = {
  async claim(scene, fate) {
    scene.network.next('claim', fate);
    expect(await scene.call()).to.equal('run 1');
    expect(scene.runs).to.deep.equal(['attempt 1']);
  },

  async renewal(scene, fate) {
    const end = defer<string>();
    scene.network.next('renewal', fate);
    const running = scene.begin(scene.work(() => end.promise));
    await scene.time.renewed(scene);
    const duplicate = await rejection(scene.callElsewhere(undefined, { wait: 0 }));
    expect(duplicate).to.be.instanceOf(InProgressError);
    end.resolve('run 1');
    expect(await scene.time.until(running)).to.equal('run 1');
    expect(scene.runs).to.deep.equal(['attempt 1']);
  },

  async completion(scene, fate) {
    scene.network.next('completion', fate);
    expect(await scene.call()).to.equal('run 1');
    expect(scene.runs).to.deep.equal(['attempt 1']);
  },

  async 'take-over'(scene, fate) {
    await scene.time.abandon(scene);
    scene.network.next('take-over', fate);
    expect(await scene.call()).to.equal('run 1');
    expect(scene.runs).to.deep.equal(['attempt 2']);
  },

  async release(scene, fate) {
    const own = new Error('no money');
    scene.network.next('release', fate);
    expect(await rejection(scene.call(scene.work(() => Promise.reject(own))))).to.equal(own);
    expect(await scene.current()).to.have.nested.property('state.status', 'released');
    expect(await scene.callElsewhere()).to.equal('run 2');
    expect(scene.runs).to.deep.equal(['attempt 1', 'attempt 2']);
  },

  async unknown(scene, fate) {
    scene.network.next('unknown', fate);
    const neverWritten = scene.work(async () => {
      await currentExecution().completion('never written');
      return 'never written';
    });
    expect(await rejection(scene.call(neverWritten))).to.be.instanceOf(OutcomeUnknownError);
    expect(await scene.current()).to.have.nested.property('state.status', 'unknown');
    expect(await scene.callElsewhere()).to.equal('run 2');
    expect(scene.runs).to.deep.equal(['attempt 1', 'attempt 2']);
  },
};

/** Tells one story to its end. Whatever arrives late changes nothing. */
export async function tell(scene: Scene, kind: WriteKind, fate: Fate): Promise<void> {
  const { network } = scene;
  await stories[kind](scene, fate);
  expect(network.count(kind), 'it was repeated').to.be.above(1);
  network.expectRepeated?.(kind, fate);
  const before = await scene.current();
  expect(before).to.have.nested.property('state.status', 'completed');
  expect(network.held() > 0, 'it was held back').to.equal(fate === 'late' || fate === 'hold');
  while (network.held() > 0) await network.deliver();
  expect(await scene.current(), 'what arrives late changes nothing').to.deep.equal(before);
  expect(await scene.callElsewhere()).to.equal(`run ${scene.runs.length}`);
}

export function titleOf(kind: WriteKind): string {
  return `a ${kind === 'unknown' ? 'write of "unknown"' : kind}`;
}

/** Registers what else can go wrong on the way to a server, where time passes as a spec says. */
export function delays(sceneNow: () => Scene, time: { pass(milliseconds: number): Promise<void> }): void {
  it('a find of a waiting call whose answer is lost is sent again', async () => {
    const scene = sceneNow();
    const end = defer<string>();
    const running = scene.beginElsewhere(scene.work(() => end.promise));
    await scene.network.quiet();
    scene.network.next('find', 'lose', 'hang', 'swallow');
    const duplicate = scene.begin();
    await time.pass(9_000);
    expect(scene.network.count('find')).to.be.above(3);
    end.resolve('run 1');
    expect(await scene.time.until(Promise.all([running, duplicate]))).to.deep.equal(['run 1', 'run 1']);
    expect(scene.runs).to.deep.equal(['attempt 1']);
  });

  describe('a write that arrives', () => {
    /** Delivers what was held back, and expects that it changes nothing. */
    async function expectTurnedAway(scene: Scene): Promise<void> {
      const before = await scene.current();
      await scene.network.deliver();
      expect(await scene.current()).to.deep.equal(before);
    }

    it('when the key is free again changes nothing if it is a claim', async () => {
      const scene = sceneNow();
      scene.network.next('claim', 'late');
      await rejection(scene.call(scene.work(() => Promise.reject(new Error('no money')))));
      await expectTurnedAway(scene);
      expect(await scene.current()).to.have.nested.property('state.status', 'released');
    });

    it('when the key was forgotten and ran again changes nothing if it is a completion', async () => {
      const scene = sceneNow();
      scene.network.next('completion', 'late');
      await scene.call();
      const operation = scene.operation(scene.elsewhere, scene.work());
      expect(await scene.time.until(recordOf(operation, 'a').forget())).to.equal(true);
      expect(await scene.callElsewhere()).to.equal('run 2');
      await expectTurnedAway(scene);
      expect(await scene.callElsewhere()).to.equal('run 2');
    });

    it('when a successor is running changes nothing if it is a renewal', async () => {
      const scene = sceneNow();
      const { network } = scene;
      const [end, successor] = [defer<string>(), defer<string>()];
      network.always('renewal', 'late');
      const running = scene.begin(scene.work(() => end.promise));
      await time.pass(7_100);
      network.heal();
      const second = scene.beginElsewhere(scene.work(() => successor.promise));
      await network.quiet();
      expect(scene.runs).to.deep.equal(['attempt 1', 'attempt 2']);
      expect(network.held()).to.be.above(0);
      while (network.held() > 0) await expectTurnedAway(scene);
      successor.resolve('of the successor');
      end.resolve('of the late runner');
      const answers = await scene.time.until(Promise.all([running, second]));
      expect(answers).to.deep.equal(['of the successor', 'of the successor']);
    });

    it('when a successor has completed changes nothing if it is a release', async () => {
      const scene = sceneNow();
      const { network } = scene;
      const end = defer<string>();
      network.always('renewal', 'hang');
      network.always('release', 'late');
      const running = scene.begin(scene.work(() => end.promise));
      await time.pass(7_100);
      expect(await scene.callElsewhere()).to.equal('run 2');
      const own = new Error('too late');
      end.reject(own);
      const error = await scene.time.until(rejection(running));
      expect(error, 'it never learned that it has a successor').to.equal(own);
      expect(network.held()).to.be.above(0);
      while (network.held() > 0) await expectTurnedAway(scene);
    });

    it('when another call took over first changes nothing if it is a take-over', async () => {
      const scene = sceneNow();
      await scene.time.abandon(scene);
      scene.network.always('take-over', 'hold');
      const late = scene.begin();
      await time.pass(100);
      expect(scene.network.held()).to.equal(1);
      expect(await scene.callElsewhere()).to.equal('run 1');
      await expectTurnedAway(scene);
      expect(await scene.time.until(late)).to.equal('run 1');
      expect(scene.runs).to.deep.equal(['attempt 2']);
    });
  });
}
