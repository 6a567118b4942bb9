// makeIdempotent, IdempotencyDefaults, recordOf and keyOf, in both modes. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import { IdempotencyDefaults, Idempotent, type IdempotentOptions, keyOf, makeIdempotent, type RecordHandle, type RecordView, recordOf } from 'retrysafe';
import { Accepted, Base, CAPTURE, type Derived } from './decorators.js';
import { applyDecorators, type Hold, ok, type PreFundRequest, type Same } from './kit.js';

type Other = { readonly other: string };
declare const anyOptions: IdempotentOptions;
// ---------------------------------------------------------------- makeIdempotent

const place = makeIdempotent(async (request: PreFundRequest): Promise<Hold> => ({ holdId: request.id }), {
  key: (request) => { ok<Same<typeof request, PreFundRequest>>(); return request.id; },
  ttl: (result) => { ok<Same<typeof result, Hold>>(); return 1; },
});
ok<Same<typeof place, (request: PreFundRequest) => Promise<Hold>>>();
const identity = makeIdempotent(async <T extends PreFundRequest>(item: T): Promise<T> => item, { key: (item) => item.id });
ok<Same<typeof identity, <T extends PreFundRequest>(item: T) => Promise<T>>>();
makeIdempotent(async function (this: Accepted, n: number): Promise<number> { return n; }, { key(n) { ok<Same<typeof this, Accepted>>(); return n; }, store: (self) => self.store });
makeIdempotent(async () => {});
makeIdempotent(async (request: PreFundRequest) => request, anyOptions);
// @ts-expect-error sync
makeIdempotent((request: PreFundRequest) => request.id);
// @ts-expect-error async generator
makeIdempotent(async function* () { yield 1; });
// @ts-expect-error parameter type
makeIdempotent(async (request: PreFundRequest) => request.id, { key: (request: Other) => request.other });
// @ts-expect-error async key
makeIdempotent(async (request: PreFundRequest) => request.id, { key: async (request) => request.id });
// @ts-expect-error no such property
makeIdempotent(async (request: PreFundRequest) => request.id, { key: (request) => request.other });

// ---------------------------------------------------------------- IdempotencyDefaults

@IdempotencyDefaults({ ttl: '1h', store: (self) => self.store, onError: (_error, request) => (request ? 'release' : undefined) })
export class WithDefaults { @Idempotent() async a(): Promise<void> {} }
@IdempotencyDefaults({ ttl: '1h' }) export abstract class AbstractWithDefaults<T> { private constructor(readonly value: T) {} }
export const asClassDecorator: ClassDecorator = IdempotencyDefaults({});
export const withDefaults = applyDecorators(IdempotencyDefaults({ ttl: '1h' }));
export class RefusedDefaults {
  // @ts-expect-error a method
  @IdempotencyDefaults({ ttl: '1h' }) async a(): Promise<void> {}
  // @ts-expect-error a static method
  @IdempotencyDefaults({ ttl: '1h' }) static async b(): Promise<void> {}
  // @ts-expect-error a field
  @IdempotencyDefaults({ ttl: '1h' }) c = 1;
}
// @ts-expect-error no such option
@IdempotencyDefaults({ tttl: 1 }) export class RefusedDefaultsOption {}

// ---------------------------------------------------------------- recordOf: inspect

declare const service: Accepted;
declare const request: PreFundRequest;
declare const derived: Derived;
ok<Same<ReturnType<typeof recordOf>, RecordHandle>>();
ok<Same<Awaited<ReturnType<RecordHandle['inspect']>>, RecordView | undefined>>();
ok<Same<ReturnType<typeof keyOf>, string>>();
void keyOf(service, 'arrow', request);
void keyOf(service, '#secret', 1);
void keyOf(place, request);
void recordOf(service, 'arrow', request).inspect();
void recordOf(service, 'many', 'a').inspect();
void recordOf(service, 'many', 'a', 1, new Date(), true, false).inspect();
void recordOf(service, CAPTURE, 1).inspect();
void recordOf(service, 'genericMethod', request).inspect();
void recordOf(service, '#secret', 1, 'anything', {}).inspect();
void recordOf(Accepted, 'onClass', 1).inspect();
void recordOf(derived, 'handle', request).inspect();
void recordOf(place, request).inspect();
void recordOf(identity, request).inspect();
export class Inside extends Base<PreFundRequest> {
  prefix = 'i';
  async placeHold(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  look(): Promise<RecordView | undefined> { return recordOf<Inside, 'placeHold'>(this, 'placeHold', request).inspect(); }
  lookSuper(): Promise<RecordView | undefined> { return recordOf(this as Inside, 'handle', request).inspect(); }
  // @ts-expect-error argument type
  lookWrong(): Promise<RecordView | undefined> { return recordOf<Inside, 'placeHold'>(this, 'placeHold', { other: 'a' }).inspect(); }
  // @ts-expect-error argument missing
  lookMissing(): Promise<RecordView | undefined> { return recordOf<Inside, 'placeHold'>(this, 'placeHold').inspect(); }
  // @ts-expect-error no such method
  lookNope(): Promise<RecordView | undefined> { return recordOf(this as Inside, 'nope', request).inspect(); }
  async lookSecret(): Promise<RecordView | undefined> { return recordOf(this, '#secret', request).inspect(); }
}
export const lookGeneric = <S extends Accepted>(s: S): Promise<RecordView | undefined> => recordOf<Accepted, 'arrow'>(s, 'arrow', request).inspect();
// @ts-expect-error argument type
void recordOf(service, 'arrow', { other: 'a' }).inspect();
// @ts-expect-error argument missing
void recordOf(service, 'arrow').inspect();
// @ts-expect-error argument too many
void recordOf(service, 'arrow', request, 1).inspect();
// @ts-expect-error no such method
void recordOf(service, 'nope', request).inspect();
// @ts-expect-error not a method
void recordOf(service, 'store', request).inspect();
// @ts-expect-error argument too many, of a method with optional ones
void recordOf(Accepted, 'onClass', 1, 2).inspect();
// @ts-expect-error argument type of a function
void recordOf(place, { other: 'a' }).inspect();
// @ts-expect-error sync function
void recordOf((n: number) => n, 1).inspect();

// ---------------------------------------------------------------- recordOf: forget

ok<Same<ReturnType<RecordHandle['forget']>, Promise<boolean>>>();
void recordOf(service, 'arrow', request).forget();
void recordOf(service, 'arrow', request).forget({ force: true });
void recordOf(service, '#secret', 1, 'anything').forget();
void recordOf(service, '#secret', 1, 'anything').forget({ force: true });
void recordOf(Accepted, 'onClass', 1).forget();
void recordOf(place, request).forget();
void recordOf(place, request).forget({ force: true });
// @ts-expect-error argument type
void recordOf(service, 'arrow', { other: 'a' }).forget();
// @ts-expect-error argument missing, after options
void recordOf(service, 'arrow').forget({ force: true });
// @ts-expect-error no such method
void recordOf(service, 'nope', request).forget();
// @ts-expect-error no such option
void recordOf(service, 'arrow', request).forget({ forced: true });
// @ts-expect-error argument type of a function
void recordOf(place, { other: 'a' }).forget();
