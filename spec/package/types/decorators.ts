// What the decorators infer and accept, in both modes. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
// biome-ignore-all lint/suspicious/noExplicitAny: what any does to inference is among the cases
import { type Abandoned, type Duration, Idempotent, type IdempotentOptions, type PersistenceStore, type RecordView } from 'retrysafe';
import { applyDecorators, type Hold, Money, memory, ok, type PreFundRequest, type Same } from './kit.js';

declare const hold: Hold;
declare const dynamicName: string;
declare const dynamicSymbol: symbol;
export const CAPTURE = Symbol('capture');

export class Accepted {
  store: PersistenceStore = memory;
  private tenant = 't1';
  protected readonly region = 'eu';

  @Idempotent() async bare(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent({}) async empty(): Promise<void> {}
  @Idempotent({ key: 'id', ttl: 300 }) async path(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key: (request) => { ok<Same<typeof request, PreFundRequest>>(); return request.id; } })
  async arrow(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key: ({ id, amount }) => { ok<Same<typeof id, string>>(); return `${id}:${amount.toFixed(2)}`; } })
  async destructured(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key: ({ id = 'x' }, ...[amount]) => { ok<Same<typeof amount, number>>(); return id + amount; } })
  async destructuredRest(request: { id?: string }, amount: number): Promise<Hold> { return { holdId: `${request.id} ${amount}` }; }

  @Idempotent({ key: (request: PreFundRequest) => request.id })
  async explicit(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key: (request: { readonly id: string }) => request.id })
  async wider(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key(request: PreFundRequest) { ok<Same<typeof this, Accepted>>(); return this.tenant + this.region + request.id; } })
  async methodThis(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key(request) { ok<Same<typeof this, Accepted>>(); ok<Same<typeof request, PreFundRequest>>(); return this.tenant + request.id; } })
  async methodInferred(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key() { ok<Same<typeof this, Accepted>>(); return this.tenant; } })
  async methodNoParameters(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key: function (request) { ok<Same<typeof this, Accepted>>(); return this.tenant + request.id; } })
  async functionInferred(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key: function (this: Accepted, request) { ok<Same<typeof request, PreFundRequest>>(); return this.tenant + request.id; } })
  async functionExplicitThis(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ key: (a, b, c, ...rest) => {
    ok<Same<typeof a, string>>(); ok<Same<typeof b, number | undefined>>(); ok<Same<typeof c, Date | undefined>>(); ok<Same<typeof rest, boolean[]>>();
    return [a, b, c, rest];
  } })
  async many(a: string, b = 1, c?: Date, ...rest: boolean[]): Promise<void> { void [a, b, c, rest]; }

  @Idempotent({ key: (a) => a }) async fewer(a: string, b: number): Promise<void> { void [a, b]; }
  @Idempotent({ key: () => 'constant' }) async none(a: string): Promise<void> { void a; }

  @Idempotent({
    key(request) { return [this.tenant, request.id]; },
    scope(request) { ok<Same<typeof request, PreFundRequest>>(); return this.tenant; },
    fingerprint: (request) => ({ amount: request.amount }),
    ttl: (result, request) => { ok<Same<typeof result, Hold>>(); ok<Same<typeof request, PreFundRequest>>(); return request.amount > 1 ? '5m' : 300; },
    store: (self) => { ok<Same<typeof self, Accepted>>(); return self.store; },
    onAbandoned(abandoned, request) {
      ok<Same<typeof abandoned, Abandoned>>(); ok<Same<typeof request, PreFundRequest>>();
      return this.tenant === '' ? 'run' : request.id === '' ? 'refuse' : { value: { holdId: abandoned.key } };
    },
    onError(error, request) { ok<Same<typeof error, unknown>>(); ok<Same<typeof request, PreFundRequest>>(); return this.tenant ? 'release' : undefined; },
    mapReplay(result, record) { ok<Same<typeof result, Hold>>(); ok<Same<typeof record, RecordView>>(); return { holdId: this.tenant + result.holdId + record.key }; },
    redact(result, request) { ok<Same<typeof result, Hold>>(); ok<Same<typeof request, PreFundRequest>>(); return { holdId: this.tenant + result.holdId }; },
    name: 'everything', lease: '30s', renewFor: '1h', wait: 0, clockTolerance: '250ms', remember: [RangeError, Money], classes: [Money],
    onStoreFailure: 'throw', readFirst: true, keepLocal: 10, enabled: true,
  })
  async everything(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({
    fingerprint: true, store: memory, ttl: '1d', onAbandoned: 'refuse',
    mapReplay: async (result) => ({ ...result }),
  })
  async literals(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  @Idempotent({ onAbandoned: async (abandoned: Abandoned, request: PreFundRequest) => ({ value: { holdId: request.id + abandoned.key } }) })
  async abandonedAsync(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent({ onAbandoned: async (_abandoned, request) => (request.amount ? 'run' : { value: hold }) })
  async abandonedMixed(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  // Keys of any plain kind of value.
  @Idempotent({ key: (a) => a }) async keyBigint(a: bigint): Promise<void> { void a; }
  @Idempotent({ key: (a) => a }) async keyDate(a: Date): Promise<void> { void a; }
  @Idempotent({ key: (a) => a }) async keyClass(a: Money): Promise<void> { void a; }
  @Idempotent({ key: (a) => a }) async keyInterface(a: PreFundRequest): Promise<void> { void a; }
  @Idempotent({ key: (a) => a }) async keyRecord(a: Record<string, unknown>): Promise<void> { void a; }
  @Idempotent({ key: (a) => a }) async keyUnion(a: string | string[] | undefined | null): Promise<void> { void a; }
  @Idempotent({ key: (a) => a }) async keyAny(a: any): Promise<void> { void a; }
  @Idempotent({ key: (a) => [a, { a }] }) async keyNestedUnknown(a: unknown): Promise<void> { void a; }
  @Idempotent({ key: (...all) => all }) async keyAll(a: unknown, b: PreFundRequest): Promise<void> { void [a, b]; }

  // Every kind of promise-returning method.
  @Idempotent({ ttl: (n) => { ok<Same<typeof n, number | undefined>>(); return 1; } }) async result(): Promise<number | undefined> { return 1; }
  @Idempotent() notAsync(request: PreFundRequest): Promise<Hold> { return Promise.resolve({ holdId: request.id }); }
  @Idempotent() unionOfPromises(a: boolean): Promise<string> | Promise<number> { return a ? Promise.resolve('') : Promise.resolve(1); }
  @Idempotent() promiseLike(): PromiseLike<number> { return Promise.resolve(1); }
  @Idempotent() async inferred(a: string) { return a.length; }
  @Idempotent() async never(): Promise<never> { throw new Error(); }
  @Idempotent() any(): any {}
  @Idempotent() async self(): Promise<this> { return this; }
  @Idempotent({ key: (other) => other.tenant }) async polymorphic(other: this): Promise<void> { void other; }
  @Idempotent({ key: (n) => { ok<Same<typeof n, number>>(); return n; } }) async thisParameter(this: Accepted, n: number): Promise<void> { void n; }

  @Idempotent({ key: (request) => { ok<Same<typeof request, PreFundRequest>>(); return request.id; } })
  async genericMethod<T extends PreFundRequest>(request: T): Promise<T> { return request; }

  overloaded(a: string): Promise<string>;
  overloaded(a: number): Promise<number>;
  @Idempotent({ key: (a: string | number) => a })
  async overloaded(a: string | number): Promise<string | number> { return a; }

  // Every kind of name.
  @Idempotent({ key: (n) => n.toFixed() }) async 'quoted-name'(n: number): Promise<void> { void n; }
  @Idempotent({ key: (n) => n.toFixed() }) async 7(n: number): Promise<void> { void n; }
  @Idempotent({ key(n) { return this.tenant + n.toFixed(); } }) async [CAPTURE](n: number): Promise<void> { void n; }
  @Idempotent({ key(n) { return this.tenant + n.toFixed(); } }) async [Symbol.asyncIterator](n: number): Promise<void> { void n; }
  @Idempotent({ key(n) { return this.tenant + n.toFixed(); } }) private async hidden(n: number): Promise<void> { void n; }
  @Idempotent({ key(n) { return this.tenant + n.toFixed(); } }) protected async guarded(n: number): Promise<void> { void [n, this.hidden]; }

  static readonly count: number = 1;
  @Idempotent({ key(n) { ok<Same<typeof this, typeof Accepted>>(); return this.count + n; }, store: (self) => { ok<Same<typeof self, typeof Accepted>>(); return memory; } })
  static async onClass(n: number): Promise<void> { void n; }
  @Idempotent({ key(n) { return this.count + n; } }) static async [CAPTURE](n: number): Promise<void> { void n; }
}

export class DynamicName {
  @Idempotent({ key(n) { ok<Same<typeof this, DynamicName>>(); return n.toFixed(); } }) async [dynamicName](n: number): Promise<void> { void n; }
  // @ts-expect-error sync
  @Idempotent() [`${dynamicName}1`](n: number): any[] { return [n]; }
}
export class DynamicSymbol {
  @Idempotent({ key(n) { ok<Same<typeof this, DynamicSymbol>>(); return n.toFixed(); } }) async [dynamicSymbol](n: number): Promise<void> { void n; }
}

/** A class that has nothing but the method. */
export class Lone { @Idempotent({ key: (n) => n.toFixed() }) async only(n: number): Promise<void> { void n; } }
export class LoneAny { @Idempotent({ key: (n: string) => n }) async only(n: any): Promise<any> { return n; } }

export abstract class Base<T extends { readonly id: string }> {
  abstract prefix: string;
  @Idempotent({ key(item) { ok<Same<typeof this, Base<T>>>(); return this.prefix + item.id; }, ttl: (result) => { ok<Same<typeof result, Awaited<T>>>(); return 1; } })
  async handle(item: T): Promise<T> { return item; }
  @Idempotent({ key: (items) => items.map((item) => item.id) }) async handleAll(items: readonly T[]): Promise<Map<string, T>> { void items; return new Map(); }
  @Idempotent({ key: (item, other) => { ok<Same<typeof other, unknown>>(); return item.id; } }) async two<U>(item: T, other: U): Promise<[T, U]> { return [item, other]; }
}
export class Derived extends Base<PreFundRequest> {
  prefix = 'd';
  own = 1;
  @Idempotent({ key(item) { ok<Same<typeof this, Derived>>(); ok<Same<typeof item, PreFundRequest>>(); return this.prefix + this.own + item.id; } })
  override async handle(item: PreFundRequest): Promise<PreFundRequest> { return super.handle(item); }
}
export function mixin<B extends abstract new (...args: any[]) => { tenant: string }>(Parent: B) {
  abstract class Mixed extends Parent {
    @Idempotent({ key(n) { return this.tenant + n.toFixed(); } }) async mixed(n: number): Promise<void> { void n; }
  }
  return Mixed;
}

// ---------------------------------------------------------------- options made elsewhere

const anyOptions: IdempotentOptions = { key: (request: PreFundRequest) => request.id };
const fitting: IdempotentOptions<object, [PreFundRequest], Hold> = { key: (request) => request.id };
const plain = { key: (request: PreFundRequest) => request.id, ttl: 300, onAbandoned: 'run' } as const;
const unfitting: IdempotentOptions<object, [Date], Hold> = { key: (date) => date.toISOString() };
const named = (name: string): IdempotentOptions => ({ name });
export class Elsewhere {
  @Idempotent(anyOptions) async a(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent(fitting) async b(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent(plain) async c(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent({ ...plain, ttl: '1h' }) async d(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent(named('e')) async e(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  // @ts-expect-error its key takes a Date
  @Idempotent(unfitting) async f(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
}

// ---------------------------------------------------------------- reusable decorators

const Retryable = (ttl: Duration) => Idempotent({ key: (request: PreFundRequest) => request.id, ttl });
const AsMethodDecorator = (): MethodDecorator => Idempotent({ key: (request: PreFundRequest) => request.id });
const constant = Idempotent();
export const assigned: MethodDecorator = constant;
declare function Post(): MethodDecorator;
export const composed = [
  applyDecorators(Idempotent({ key: (request: PreFundRequest) => request.id }), Post()),
  applyDecorators(Post(), Idempotent({ key: (request) => request.id }), Retryable('1h'), constant, Idempotent()),
];
export class Reusing {
  @Retryable('1h') async a(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @constant async b(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @constant static async c(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @constant async [CAPTURE](): Promise<void> {}
  @constant async generic<T>(item: T): Promise<T> { return item; }
  @(Idempotent({ key: (n) => n.toFixed() })) async parenthesized(n: number): Promise<void> { void n; }
  // @ts-expect-error not a promise
  @Retryable('1h') x1(request: PreFundRequest): Hold { return { holdId: request.id }; }
  // @ts-expect-error not a promise
  @constant *x2(): Generator<number> { yield 1; }
  // @ts-expect-error an accessor
  @constant get x3(): Promise<number> { return Promise.resolve(1); }
  // @ts-expect-error a field
  @constant x4 = 1;
  // @ts-expect-error a field
  @Retryable('1h') x5 = async (request: PreFundRequest): Promise<Hold> => ({ holdId: request.id });
}
// @ts-expect-error a class
@constant export class ReusingOnClass {}
void AsMethodDecorator;
