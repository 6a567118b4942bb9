import { ConfigurationError } from '../../errors.js';
import { CallUnderTest } from './call-under-test.js';
import type { CallEnd, CrashTestOptions } from './crash-options.js';
import type { CrashSetting } from './crash-setting.js';
import { crashStore } from './crash-store.js';
import { diverged } from './diverged.js';
import { InMemoryDatabase } from './in-memory-database.js';
import type { RealParts } from './place.js';
import type { Plan } from './plan.js';
import { TestStore } from './test-store.js';
import { restOfTurn } from './turns.js';
import { type Choice, World } from './world.js';
import { wrapEffect } from './wrap-effect.js';

/** A history that goes on for longer is given up. */
const MOST_STEPS = 2_000;

/** Where another history can branch off. */
export interface Branching {
  readonly step: number;
  readonly options: readonly { readonly label: string; readonly isFault: boolean }[];
  readonly faultsUsed: number;
}

/** How a history is lived through. */
export interface HistoryRules {
  readonly choices: readonly Plan[];
  readonly faults: number;
  readonly isTold: boolean;
  readonly patience: () => number;
  readonly realParts: RealParts;
  /** Whether a state is known, for which nothing new can follow. It is known from then on. */
  readonly isKnown: (state: number) => boolean;
}

/** What came of a history. */
export interface History {
  readonly world: World;
  readonly ends: readonly CallEnd[];
  readonly branchings: readonly Branching[];
  readonly steps: number;
  /** `stuck`: a call waits for what nothing brings. */
  readonly end: 'over' | 'merged' | 'endless' | 'stuck' | 'violated';
  /** What the invariant threw. */
  readonly violation?: { readonly thrown: unknown; readonly when: 'at the end' | 'in between' };
}

type Any = CrashTestOptions<unknown, unknown>;

/** Lives through one history, from `setUp` on: by its choices, and where it has none by what comes first. */
export async function liveThrough(options: Any, rules: HistoryRules): Promise<History> {
  const making: { made?: unknown; isMade?: boolean; setting?: CrashSetting } = {};
  const seed = options.seed ?? 1;
  const start = async () =>
    options.start ? options.start(making.made, making.setting as CrashSetting) : making.made;
  const world = new World({ seed, ...rules }, (its) =>
    options.calls.map((call, index) => new CallUnderTest(its, index, options.deliveries ?? 25, call, start)),
  );
  try {
    await world.outside.do('setUp', async () => {
      const inner = options.store ? await options.store() : new TestStore();
      const setting = {
        store: crashStore(inner, world.operate),
        database: new InMemoryDatabase(world.operate, world.hear),
        effect: wrapEffect(world),
      } as CrashSetting;
      making.setting = setting;
      making.made = await options.setUp(setting);
      making.isMade = true;
    });
    return await new Run(options, rules, world, making.made).toTheEnd();
  } finally {
    for (const process of world.processes) world.kill(process);
    if (options.tearDown && making.isMade)
      await world.outside.do('tearDown', () => options.tearDown?.(making.made));
    // So that rejections are told that nobody has handled, and other work of this process goes on.
    await restOfTurn();
  }
}

/** A history under way. */
class Run {
  readonly #branchings: Branching[] = [];
  #steps = 0;
  #next = 0;

  constructor(
    readonly options: Any,
    readonly rules: HistoryRules,
    readonly world: World,
    readonly made: unknown,
  ) {}

  async toTheEnd(): Promise<History> {
    for (;;) {
      const found = await this.#violation('in between');
      if (found) return found;
      if (this.#steps === MOST_STEPS) return this.#history('endless');
      const isNew = this.#next === this.rules.choices.length;
      if (isNew && this.rules.isKnown(this.world.state())) return this.#history('merged');
      const choice = this.#choose(isNew);
      this.#steps += 1;
      if (!choice) break;
      this.world.taken += 1;
      await choice.take();
    }
    if (this.#next < this.rules.choices.length) throw this.#diverged([]);
    if (this.world.calls.some(({ end }) => !end)) return this.#history('stuck');
    return (await this.#violation('at the end')) ?? this.#history('over');
  }

  /** What happens next; nothing at the end. */
  #choose(isNew: boolean): Choice | undefined {
    const { world, rules } = this;
    const plan = rules.choices[this.#next];
    const isPlanned = plan?.step === this.#steps;
    if (!isNew && !isPlanned) return world.orders().next().value;
    const orders = [...world.orders()];
    const choices = [...(orders.length > 0 ? orders : [undefined]), ...world.faultsNow()];
    if (!plan || !isPlanned) {
      const options = choices.map((one) => ({ label: one?.label ?? '', isFault: one?.fault !== undefined }));
      if (choices.length > 1)
        this.#branchings.push({ step: this.#steps, faultsUsed: rules.faults - world.faults, options });
      return orders[0];
    }
    this.#next += 1;
    const choice = choices[plan.option];
    if (!choice || (plan.label !== '' && plan.label !== choice.label)) throw this.#diverged(choices);
    return choice;
  }

  #diverged(choices: readonly (Choice | undefined)[]): ConfigurationError {
    const plan = this.rules.choices[Math.max(0, this.#next - 1)];
    if (plan?.label === '')
      return new ConfigurationError(
        `crashTest: option "repeat" has choice ${plan.option} at step ${plan.step}, and there are only ${choices.length} in step ${this.#steps}; expected what the message of this test said, of which the service, the calls and the options have not changed since`,
      );
    const expected = `"${plan?.label}"`;
    const now = choices.map((choice) => `"${choice?.label ?? 'the end'}"`).join(', ') || 'the end';
    return diverged(`at step ${this.#steps} there was ${expected} before, and now ${now}`);
  }

  async #violation(when: 'in between' | 'at the end'): Promise<History | undefined> {
    const { options, world, made } = this;
    const look = when === 'at the end' ? options.invariant : options.always;
    if (!look) return undefined;
    try {
      const name = when === 'at the end' ? 'invariant' : 'always';
      const answer = await world.outside.do<unknown>(name, () => look(made, this.#ends()));
      if (answer === false)
        throw new Error(`\`${name}\` returned false; let it throw what is wrong, as assert does`);
      return undefined;
    } catch (thrown) {
      return { ...this.#history('violated'), violation: { thrown, when } };
    }
  }

  #ends(): CallEnd[] {
    return this.world.calls.flatMap(({ end }) => (end ? [end] : []));
  }

  #history(end: History['end']): History {
    return { world: this.world, ends: this.#ends(), branchings: this.#branchings, steps: this.#steps, end };
  }
}
