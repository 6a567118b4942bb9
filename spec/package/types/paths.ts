// Which paths as `key`, `scope` and `fingerprint` are accepted and refused, in both modes. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
// biome-ignore-all lint/suspicious/noExplicitAny: what any does is among the cases
import { Idempotent, type IdempotentOptions, makeIdempotent } from 'retrysafe';

interface Order {
  readonly id: string;
  readonly customer: { readonly no: number; readonly address: { readonly city: string } };
  readonly note?: string;
  readonly gift?: { readonly text: string };
  readonly body: string;
  readonly anything: any;
  readonly something: unknown;
  readonly payment: { readonly card: string } | { readonly iban: string };
  readonly tags: Map<string, string>;
  readonly set: ReadonlySet<string>;
  readonly headers: Record<string, string>;
  readonly items: readonly { readonly sku: string }[];
  readonly pair: readonly [{ readonly a: string }, number];
  readonly at: Date;
  readonly bytes: Uint8Array;
  readonly run: () => void;
  readonly secret: Secret;
  readonly maybe: { readonly x: string } | null;
  readonly nothing: undefined;
  readonly count: number;
  readonly empty: object;
}
class Secret {
  readonly shown = 1;
  constructor(private readonly hidden: string) { void this.hidden; }
}
class Shown { constructor(readonly id: string) {} total(): number { return 1; } }

const order = async (_order: Order): Promise<void> => {};
declare const dynamic: string;
declare const begun: `id.${string}`;
declare const anyOptions: IdempotentOptions;
declare const orderOptions: IdempotentOptions<unknown, [Order], void>;

// ---------------------------------------------------------------- accepted
makeIdempotent(order, { key: 'id' });
makeIdempotent(order, { key: 'customer' });
makeIdempotent(order, { key: 'customer.no' });
makeIdempotent(order, { key: 'customer.address.city' });
makeIdempotent(order, { key: 'note' });
makeIdempotent(order, { key: 'gift.text' });
makeIdempotent(order, { key: 'gift.not' }); // a union with undefined
makeIdempotent(order, { key: 'body.orderId' }); // JSON text
makeIdempotent(order, { key: 'body.a.b.c' });
makeIdempotent(order, { key: 'anything.a.b' });
makeIdempotent(order, { key: 'something.a' });
makeIdempotent(order, { key: 'payment.card' });
makeIdempotent(order, { key: 'payment.other' });
makeIdempotent(order, { key: 'tags.a' });
makeIdempotent(order, { key: 'set.a' });
makeIdempotent(order, { key: 'headers.a' });
makeIdempotent(order, { key: 'items[0].sku' });
makeIdempotent(order, { key: 'items.sku' });
makeIdempotent(order, { key: 'pair[0].a' });
makeIdempotent(order, { key: 'at.a' });
makeIdempotent(order, { key: 'bytes.a' });
makeIdempotent(order, { key: 'run.a' });
makeIdempotent(order, { key: 'secret.hidden' });
makeIdempotent(order, { key: 'maybe.y' });
makeIdempotent(order, { key: 'nothing.y' });
makeIdempotent(order, { key: 'count.y' });
makeIdempotent(order, { key: 'empty.y' });
makeIdempotent(order, { key: "header('Idempotency-Key')" });
makeIdempotent(order, { key: '"order-id"' });
makeIdempotent(order, { key: 'customer."order-id"' });
makeIdempotent(order, { key: '[id, nope]' });
makeIdempotent(order, { key: '{a: nope}' });
makeIdempotent(order, { key: '@' });
makeIdempotent(order, { key: 'items[*].nope' });
makeIdempotent(order, { key: 'items[?nope].sku' });
makeIdempotent(order, { key: 'nope || id' });
makeIdempotent(order, { key: 'length(nope)' });
makeIdempotent(order, { key: 'nope | id' });
makeIdempotent(order, { key: '`literal`' });
makeIdempotent(order, { key: dynamic });
makeIdempotent(order, { key: begun });
makeIdempotent(order, anyOptions);
makeIdempotent(order, orderOptions);
makeIdempotent(order, { key: 'id', scope: 'customer.no', fingerprint: true });
makeIdempotent(order, { key: (one) => one.id, scope: 'id', fingerprint: 'count' });
makeIdempotent(async (_text: string) => {}, { key: 'id' });
makeIdempotent(async (_list: Order[]) => {}, { key: 'id' });
makeIdempotent(async () => {}, { key: 'id' });
makeIdempotent(async (_order?: Order) => {}, { key: 'nope' });
makeIdempotent(async (..._orders: Order[]) => {}, { key: 'id' });
makeIdempotent(async (_any: any) => {}, { key: 'nope' });
makeIdempotent(async (_unknown: unknown) => {}, { key: 'nope' });
makeIdempotent(async (_secret: Secret) => {}, { key: 'hidden' });
makeIdempotent(async (_shown: Shown) => {}, { key: 'id' });
makeIdempotent(async (_both: Order & { readonly more: string }) => {}, { key: 'more' });
makeIdempotent(async (_part: Partial<Order>) => {}, { key: 'customer.no' });
makeIdempotent(async (_date: Date) => {}, { key: 'nope' });
makeIdempotent(async <T extends Order>(_order: T) => {}, { key: 'id' });
makeIdempotent(async <T>(_order: T) => {}, { key: 'nope' });

export class Paths<T extends { readonly id: string }, U> {
  @Idempotent({ key: 'id' }) async known(order: Order): Promise<void> { void order; }
  @Idempotent({ key: 'customer.address.city', scope: 'customer.no', fingerprint: 'note' }) async deep(order: Order): Promise<void> { void order; }
  @Idempotent({ key: 'body.orderId' }) async json(order: Order): Promise<void> { void order; }
  @Idempotent({ key: 'id' }) async generic(order: T): Promise<void> { void order; }
  @Idempotent({ key: 'other' }) async constrained(order: T): Promise<void> { void order; }
  @Idempotent({ key: 'anything' }) async unconstrained(order: U): Promise<void> { void order; }
  @Idempotent({ key: 'item.nope' }) async within(order: { readonly item: U; readonly no: number }): Promise<void> { void order; }
  @Idempotent({ key: 'id' }) async method<V extends Order>(order: V): Promise<void> { void order; }
  @Idempotent({ key: 'id' }) static async onClass(order: Order): Promise<void> { void order; }
  @Idempotent(anyOptions) async variable(order: Order): Promise<void> { void order; }
  @Idempotent({ key: "header('A')", fingerprint: (order) => order.count }) async header(order: Order): Promise<void> { void order; }
}
const Retryable = () => Idempotent({ key: 'nope' });
export class Loose { @Retryable() async loose(order: Order): Promise<void> { void order; } }

// ---------------------------------------------------------------- refused

// @ts-expect-error no such property
makeIdempotent(order, { key: 'orderId' });
// @ts-expect-error another case
makeIdempotent(order, { key: 'ID' });
// @ts-expect-error the second step
makeIdempotent(order, { key: 'customer.number' });
// @ts-expect-error the third step
makeIdempotent(order, { key: 'customer.address.town' });
// @ts-expect-error the first step
makeIdempotent(order, { key: 'customers.no' });
// @ts-expect-error scope
makeIdempotent(order, { key: 'id', scope: 'tenant' });
// @ts-expect-error fingerprint
makeIdempotent(order, { key: 'id', fingerprint: 'amuont' });
// @ts-expect-error of a class
makeIdempotent(async (_shown: Shown) => {}, { key: 'orderId' });
// @ts-expect-error of an intersection
makeIdempotent(async (_both: Order & { readonly more: string }) => {}, { key: 'less' });
// @ts-expect-error beside what is generic
makeIdempotent(async (_one: { readonly a: { readonly b: string } }) => {}, { key: 'a.c' });
export class RefusedPaths<U> {
  // @ts-expect-error no such property
  @Idempotent({ key: 'orderId' }) async key(order: Order): Promise<void> { void order; }
  // @ts-expect-error the second step
  @Idempotent({ key: 'customer.number', ttl: 300 }) async deep(order: Order): Promise<void> { void order; }
  // @ts-expect-error scope
  @Idempotent({ key: 'id', scope: 'tenant' }) async scope(order: Order): Promise<void> { void order; }
  // @ts-expect-error fingerprint, beside a function
  @Idempotent({ key: (order) => order.id, fingerprint: 'amuont' }) async fingerprint(order: Order): Promise<void> { void order; }
  // @ts-expect-error static
  @Idempotent({ key: 'orderId' }) static async onClass(order: Order): Promise<void> { void order; }
  // @ts-expect-error beside a part whose type is a parameter
  @Idempotent({ key: 'number' }) async within(order: { readonly item: U; readonly no: number }): Promise<void> { void order; }
}
