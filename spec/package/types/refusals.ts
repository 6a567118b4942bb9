// What the decorators refuse, in both modes: each expected error must occur. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import { type Abandoned, Idempotent } from 'retrysafe';
import type { Accepted } from './decorators.js';
import { type Bluebird, type Hold, ok, type PreFundRequest, type Same } from './kit.js';

declare const hold: Hold;
const CAPTURE = Symbol('capture');

// ---------------------------------------------------------------- refused: what is decorated

export class Refused<P extends Promise<number>> {
  // @ts-expect-error sync
  @Idempotent() sync(request: PreFundRequest): Hold { return { holdId: request.id }; }
  // @ts-expect-error sync, with options
  @Idempotent({ key: 'id', ttl: 300 }) syncOptions(request: PreFundRequest): Hold { return { holdId: request.id }; }
  // @ts-expect-error sync, with a function
  @Idempotent({ key: (request) => request.id }) syncKey(request: PreFundRequest): Hold { return { holdId: request.id }; }
  // @ts-expect-error void
  @Idempotent() void(): void {}
  // @ts-expect-error unknown
  @Idempotent() unknown(): unknown { return 1; }
  // @ts-expect-error sometimes a promise
  @Idempotent() sometimes(a: boolean): Promise<number> | number { return a ? 1 : Promise.resolve(1); }
  // @ts-expect-error maybe a promise
  @Idempotent() maybe(a: boolean): Promise<number> | undefined { return a ? undefined : Promise.resolve(1); }
  // @ts-expect-error async generator
  @Idempotent() async *asyncGenerator(): AsyncGenerator<number> { yield 1; }
  // @ts-expect-error generator
  @Idempotent() *generator(): Generator<number> { yield 1; }
  // @ts-expect-error a promise class of its own, which the decorated method would not return
  @Idempotent() bluebird(): Bluebird<number> { throw new Error(); }
  // @ts-expect-error static sync
  @Idempotent() static staticSync(): number { return 1; }
  // @ts-expect-error symbol-named sync
  @Idempotent() [CAPTURE](): number { return 1; }
  // @ts-expect-error getter
  @Idempotent() get getter(): number { return 1; }
  // @ts-expect-error getter of a promise
  @Idempotent() get promiseGetter(): Promise<number> { return Promise.resolve(1); }
  // @ts-expect-error static getter
  @Idempotent() static get staticGetter(): number { return 1; }
  // @ts-expect-error setter
  @Idempotent() set setter(value: number) { void value; }
  // @ts-expect-error field
  @Idempotent() field = 1;
  // @ts-expect-error field with a function in it
  @Idempotent() functionField = async (): Promise<number> => 1;
  // @ts-expect-error static field
  @Idempotent({ key: 'a' }) static staticField = async (): Promise<number> => 1;
  // @ts-expect-error auto-accessor
  @Idempotent() accessor auto = 1;
  // @ts-expect-error a type parameter: what it is cannot be told
  @Idempotent() parameterized(p: P): P { return p; }
}
// @ts-expect-error class
@Idempotent() export class RefusedClass {}
// @ts-expect-error class, with options
@Idempotent({ key: 'id' }) export class RefusedClassOptions { constructor(readonly id: string) {} }
// @ts-expect-error the factory itself, not called
export class NotCalled { @Idempotent async a(): Promise<void> {} }

// ---------------------------------------------------------------- refused: what the reader is told

const loose = Idempotent();
type Told<T, C, D> = Parameters<typeof loose<T, C, D>>[0];
type InClass = ClassMethodDecoratorContext;
type Sync = () => number;
ok<Same<Told<Sync, InClass, unknown>, '@Idempotent() needs a method that returns a Promise: make it async'>>();
ok<Same<Told<object, 'name', TypedPropertyDescriptor<Sync>>, '@Idempotent() needs a method that returns a Promise: make it async'>>();
ok<Same<Told<undefined, ClassFieldDecoratorContext, unknown>, '@Idempotent() is written with parentheses and decorates methods only: not a class, accessor, field or parameter'>>();
ok<Same<Told<object, 'name', number>, '@Idempotent() is written with parentheses and decorates methods only: not a class, accessor, field or parameter'>>();

// ---------------------------------------------------------------- refused: options

type Other = { readonly other: string };
export class RefusedOptions {
  tenant = 't';
  // @ts-expect-error parameter type
  @Idempotent({ key: (request: Other) => request.other }) async key1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error parameter type, as a method
  @Idempotent({ key(request: Other) { return request.other; } }) async key2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error parameter subtype
  @Idempotent({ key: (request: PreFundRequest & Other) => request.other }) async key3(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error one parameter more than the method has
  @Idempotent({ key: (request: PreFundRequest, more: string) => request.id + more }) async key4(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error one parameter, of a method that has none
  @Idempotent({ key: (request: PreFundRequest) => request.id }) async key5(): Promise<Hold> { return hold; }
  // @ts-expect-error no such property on the inferred parameter
  @Idempotent({ key: (request) => request.other }) async key6(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error no such property on the inferred parameter, destructured
  @Idempotent({ key: ({ other }) => other }) async key7(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error no such property on this
  @Idempotent({ key(request) { return this.nope + request.id; } }) async key8(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error another class's this
  @Idempotent({ key(this: Accepted, request: PreFundRequest) { return request.id; } }) async key9(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error a possibly missing argument
  @Idempotent({ key: (id: string) => id }) async key10(id?: string): Promise<Hold> { void id; return hold; }
  // @ts-expect-error async
  @Idempotent({ key: async (request) => request.id }) async key11(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error a promise
  @Idempotent({ key: (request: PreFundRequest) => Promise.resolve(request.id) }) async key12(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error a number
  @Idempotent({ key: 1 }) async key13(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error unknown may be a promise
  @Idempotent({ key: (a) => a }) async key15(a: unknown): Promise<Hold> { void a; return hold; }
  // @ts-expect-error the class, in place of an instance
  @Idempotent({ key() { return this.tenant; } }) static async key16(): Promise<Hold> { return hold; }
  // @ts-expect-error a generic method's parameter is known by its constraint
  @Idempotent({ key: (request: Other) => request.other }) async key17<T extends PreFundRequest>(request: T): Promise<T> { return request; }

  // @ts-expect-error scope: parameter type
  @Idempotent({ scope: (request: Other) => request.other }) async scope1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error scope: async
  @Idempotent({ scope: async () => '' }) async scope2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error fingerprint: parameter type
  @Idempotent({ fingerprint: (request: Other) => request.other }) async fingerprint1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error fingerprint: false
  @Idempotent({ fingerprint: false }) async fingerprint2(request: PreFundRequest): Promise<Hold> { void request; return hold; }

  // @ts-expect-error ttl: unit
  @Idempotent({ ttl: '5 minutes' }) async ttl1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error ttl: result type
  @Idempotent({ ttl: (result: Other) => result.other.length }) async ttl2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error ttl: parameter type
  @Idempotent({ ttl: (_result: Hold, request: Other) => request.other.length }) async ttl3(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error ttl: returns no duration
  @Idempotent({ ttl: () => 'soon' }) async ttl4(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error ttl: the promise, in place of what it resolves to
  @Idempotent({ ttl: (result: Promise<Hold>) => (result ? 1 : 2) }) async ttl5(request: PreFundRequest): Promise<Hold> { void request; return hold; }

  // @ts-expect-error store: no store
  @Idempotent({ store: {} }) async store1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error store: returns no store
  @Idempotent({ store: (self) => self.tenant }) async store2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error store: another class
  @Idempotent({ store: (self: Accepted) => self.store }) async store3(request: PreFundRequest): Promise<Hold> { void request; return hold; }

  // @ts-expect-error onAbandoned: word
  @Idempotent({ onAbandoned: 'retry' }) async abandoned1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error onAbandoned: value of another type
  @Idempotent({ onAbandoned: () => ({ value: 1 }) }) async abandoned2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error onAbandoned: parameter type
  @Idempotent({ onAbandoned: (_abandoned: Abandoned, request: Other) => (request.other ? 'run' : 'refuse') }) async abandoned3(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error onAbandoned: the request first
  @Idempotent({ onAbandoned: (request: PreFundRequest) => (request.amount ? 'run' : 'refuse') }) async abandoned4(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error onAbandoned: async, value of another type
  @Idempotent({ onAbandoned: async () => ({ value: 1 }) }) async abandoned5(request: PreFundRequest): Promise<Hold> { void request; return hold; }

  // @ts-expect-error onError: parameter type
  @Idempotent({ onError: (_error: unknown, request: Other) => (request.other ? 'release' : 'remember') }) async error1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error onError: word
  @Idempotent({ onError: () => 'retry' }) async error2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error onError: what is thrown is unknown
  @Idempotent({ onError: (error: Error) => (error.message ? 'release' : 'remember') }) async error3(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error onError: async
  @Idempotent({ onError: async () => 'release' }) async error4(request: PreFundRequest): Promise<Hold> { void request; return hold; }

  // @ts-expect-error redact: result type
  @Idempotent({ redact: (result: Other) => result }) async redact1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error redact: returns another type
  @Idempotent({ redact: () => ({ other: 1 }) }) async redact2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error redact: async
  @Idempotent({ redact: async (result) => result }) async redact3(request: PreFundRequest): Promise<Hold> { void request; return hold; }

  // @ts-expect-error mapReplay: result type
  @Idempotent({ mapReplay: (result: Other) => result }) async replay1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error mapReplay: returns another type
  @Idempotent({ mapReplay: (result, record) => ({ other: result.holdId + record.key }) }) async replay2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error mapReplay: of a method that returns nothing
  @Idempotent({ mapReplay: (result: Hold) => result }) async replay3(): Promise<void> {}

  // @ts-expect-error no such option
  @Idempotent({ keys: 'id' }) async unknown1(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error no such option, next to an inferred function
  @Idempotent({ key: (request) => request.id, retries: 3 }) async unknown2(request: PreFundRequest): Promise<Hold> { void request; return hold; }
  // @ts-expect-error remember: an instance
  @Idempotent({ remember: [new RangeError()] }) async remember1(): Promise<void> {}
  // @ts-expect-error exactOptionalPropertyTypes
  @Idempotent({ key: undefined }) async undefined1(): Promise<void> {}
}
