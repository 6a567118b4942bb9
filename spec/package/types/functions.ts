// makeIdempotent, IdempotencyDefaults, inspect and forget, in both modes. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import { forget, IdempotencyDefaults, Idempotent, type IdempotentOptions, inspect, makeIdempotent, type RecordView } from 'retrysafe';
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

// ---------------------------------------------------------------- inspect

declare const service: Accepted;
declare const request: PreFundRequest;
declare const derived: Derived;
ok<Same<Awaited<ReturnType<typeof inspect>>, RecordView | undefined>>();
void inspect(service, 'arrow', request);
void inspect(service, 'many', 'a');
void inspect(service, 'many', 'a', 1, new Date(), true, false);
void inspect(service, CAPTURE, 1);
void inspect(service, 'genericMethod', request);
void inspect(service, '#secret', 1, 'anything', {});
void inspect(Accepted, 'onClass', 1);
void inspect(derived, 'handle', request);
void inspect(place, request);
void inspect(identity, request);
export class Inside extends Base<PreFundRequest> {
  prefix = 'i';
  async placeHold(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  look(): Promise<RecordView | undefined> { return inspect<Inside, 'placeHold'>(this, 'placeHold', request); }
  lookSuper(): Promise<RecordView | undefined> { return inspect(this as Inside, 'handle', request); }
  // @ts-expect-error argument type
  lookWrong(): Promise<RecordView | undefined> { return inspect<Inside, 'placeHold'>(this, 'placeHold', { other: 'a' }); }
  // @ts-expect-error argument missing
  lookMissing(): Promise<RecordView | undefined> { return inspect<Inside, 'placeHold'>(this, 'placeHold'); }
  // @ts-expect-error no such method
  lookNope(): Promise<RecordView | undefined> { return inspect(this as Inside, 'nope', request); }
  async lookSecret(): Promise<RecordView | undefined> { return inspect(this, '#secret', request); }
}
export const lookGeneric = <S extends Accepted>(s: S): Promise<RecordView | undefined> => inspect<Accepted, 'arrow'>(s, 'arrow', request);
// @ts-expect-error argument type
void inspect(service, 'arrow', { other: 'a' });
// @ts-expect-error argument missing
void inspect(service, 'arrow');
// @ts-expect-error argument too many
void inspect(service, 'arrow', request, 1);
// @ts-expect-error no such method
void inspect(service, 'nope', request);
// @ts-expect-error not a method
void inspect(service, 'store', request);
// @ts-expect-error argument too many, of a method with optional ones
void inspect(Accepted, 'onClass', 1, 2);
// @ts-expect-error argument type of a function
void inspect(place, { other: 'a' });
// @ts-expect-error sync function
void inspect((n: number) => n, 1);

// ---------------------------------------------------------------- forget

ok<Same<ReturnType<typeof forget>, Promise<boolean>>>();
void forget(service, 'arrow', request);
void forget({ force: true }, service, 'arrow', request);
void forget(service, '#secret', 1, 'anything');
void forget({ force: true }, service, '#secret', 1, 'anything');
void forget(Accepted, 'onClass', 1);
void forget(place, request);
void forget({ force: true }, place, request);
// @ts-expect-error argument type
void forget(service, 'arrow', { other: 'a' });
// @ts-expect-error argument missing, after options
void forget({ force: true }, service, 'arrow');
// @ts-expect-error no such method
void forget(service, 'nope', request);
// @ts-expect-error no such option
void forget({ forced: true }, service, 'arrow', request);
// @ts-expect-error argument type of a function
void forget(place, { other: 'a' });
