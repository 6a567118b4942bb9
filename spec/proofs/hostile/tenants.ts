import * as fc from 'fast-check';
import { makeIdempotent, recordOf } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { restOfTurn } from '../../support/deployment.js';
import { NotifyingStore } from '../../support/notifying-store.js';

type Tenant = string | number;

interface Tenants {
  readonly one: Tenant;
  readonly other: Tenant;
  readonly payload: unknown;
}

const name = fc.oneof(
  fc.constantFrom<Tenant>(
    1,
    '1',
    '1 ',
    'a',
    '"a"',
    '["a"]',
    'a,b',
    'a","b',
    'a#b',
    'a]',
    '\\',
    'null',
    'A',
    'é',
    'e\u0301',
  ),
  fc.string({ minLength: 1, unit: 'binary', maxLength: 8 }),
);

/** Two tenants that send the very same. */
export const tenants: fc.Arbitrary<Tenants> = fc
  .tuple(name, name, fc.jsonValue())
  .filter(([one, other, payload]) => one !== other && isSelected(payload))
  .map(([one, other, payload]) => ({ one, other, payload }));

// An empty key is refused for every tenant.
function isSelected(payload: unknown): boolean {
  return typeof payload === 'object' ? Object.keys(payload ?? {}).length > 0 : payload !== '';
}

/** One operation in two processes, whose runs last until the spec ends them. */
class Premises {
  readonly store = new NotifyingStore();
  readonly peer = this.store.peer();
  readonly end = defer();
  readonly ran = new Set<unknown>();
  readonly here;
  readonly away;

  constructor(
    readonly tenants: Tenants,
    readonly isScoped: boolean,
  ) {
    this.here = this.#operation(this.store);
    this.away = this.#operation(this.peer);
  }

  #operation(store: NotifyingStore) {
    return makeIdempotent(
      async (tenant: Tenant, _payload: unknown) => {
        this.ran.add(tenant);
        await this.end.promise;
        return tenant;
      },
      {
        name: 'Hostile.tenants',
        store: () => store,
        key: (_tenant, payload) => payload as object,
        ...(this.isScoped && { scope: (tenant: Tenant) => tenant }),
        keepLocal: 10,
      },
    );
  }

  /** What the other gets to see while the one is running. */
  async meanwhile<T>(call: 'here' | 'away', check: () => T): Promise<T> {
    const { one, other, payload } = this.tenants;
    const running = this.here(one, payload);
    await restOfTurn();
    const met = this[call](other, payload);
    await restOfTurn();
    const seen = check();
    this.end.resolve();
    await Promise.all([running, met]);
    return seen;
  }

  /** What the other gets to see when the one was answered. */
  async afterwards<T>(check: (other: Tenant, payload: unknown) => Promise<T>): Promise<T> {
    const { one, other, payload } = this.tenants;
    this.end.resolve();
    await this.here(one, payload);
    return check(other, payload);
  }
}

const ways: Readonly<Record<string, (premises: Premises) => Promise<boolean>>> = {
  joined: (at) => at.meanwhile('here', () => !at.ran.has(at.tenants.other)),
  'waited for': (at) => at.meanwhile('away', () => !at.ran.has(at.tenants.other)),
  'heard of': (at) => at.meanwhile('away', () => at.peer.asked.length > 0),
  replayed: (at) => at.afterwards(async (other, payload) => (await at.away(other, payload)) !== other),
  kept: (at) =>
    at.afterwards(async (other, payload) => {
      const asked = at.store.count();
      await at.here(other, payload);
      return at.store.count() === asked;
    }),
  inspected: (at) =>
    at.afterwards(
      async (other, payload) => (await recordOf(at.away, other, payload).inspect()) !== undefined,
    ),
  forgotten: (at) => at.afterwards((other, payload) => recordOf(at.away, other, payload).forget()),
};
export const everyWay = Object.keys(ways);

/** The ways in which the other meets what is the one's, in the order of `everyWay`. */
export async function waysToMeet(tenants: Tenants, isScoped: boolean): Promise<string[]> {
  const met: string[] = [];
  for (const [way, isMet] of Object.entries(ways)) {
    if (await isMet(new Premises(tenants, isScoped))) met.push(way);
  }
  return met;
}
