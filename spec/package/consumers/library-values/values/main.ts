import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Decimal as PrismaDecimal } from '@prisma/client-runtime-utils';
import axios, { AxiosError } from 'axios';
import { Big } from 'big.js';
import BN from 'bn.js';
import dayjs from 'dayjs';
import { Decimal } from 'decimal.js';
import createError from 'http-errors';
import { DateTime, Duration } from 'luxon';
import { isObservableMap, observable } from 'mobx';
import { Err, err, Ok, ok } from 'neverthrow';
import {
  type ClassEntry,
  ConfigurationError,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  recordOf,
} from 'retrysafe';
import { ZodError, ZodRealError, z } from 'zod';
import * as entries from './entries.js';

const warnings: Error[] = [];
process.on('warning', (warning) => warnings.push(warning));

let counter = 0;
const name = () => {
  counter += 1;
  return `operation${counter}`;
};

/** What a duplicate gets. */
async function replayOf<T>(make: () => T | Promise<T>, options: IdempotentOptions = {}): Promise<T> {
  let runs = 0;
  const give = makeIdempotent(
    async () => {
      runs += 1;
      return await make();
    },
    { name: name(), store: new InMemoryStore(), ...options },
  );
  await give().catch(() => {});
  const again = await give().then(
    (value) => value,
    (error) => error,
  );
  assert.equal(runs, 1);
  return again as T;
}

async function keyOf(payload: unknown, classes: readonly ClassEntry[]): Promise<string> {
  const accept = makeIdempotent(async (_: unknown) => {}, {
    name: 'accept',
    store: new InMemoryStore(),
    classes,
  });
  await accept(payload);
  const view = await recordOf(accept, payload).inspect();
  assert.ok(view);
  return view.key;
}

interface LibraryValue<T> {
  readonly entry: ClassEntry<T>;
  readonly make: () => T;
  readonly same: () => T;
  readonly other: () => T;
  readonly check: (replay: T) => void;
}

async function checkValue<T>({ entry, make, same, other, check }: LibraryValue<T>): Promise<void> {
  const classes = [entry as ClassEntry];
  check(await replayOf(make, { classes }));
  const { list } = await replayOf(() => ({ list: [make(), new Map([['at', make()]])] as const }), {
    classes,
  });
  check(list[0]);
  check(list[1].get('at') as T);
  const key = await keyOf({ part: make() }, classes);
  assert.equal(await keyOf({ part: same() }, classes), key, `${entry.name}: equal values have one key`);
  assert.notEqual(await keyOf({ part: other() }, classes), key, `${entry.name}: different values differ`);
}

await checkValue({
  entry: entries.decimal,
  make: () => new Decimal('0.1'),
  same: () => new Decimal('0.10'),
  other: () => new Decimal('0.2'),
  check: (replay) => {
    assert.ok(replay instanceof Decimal);
    assert.equal(replay.plus('0.2').toString(), '0.3');
  },
});
await checkValue({
  entry: entries.prismaDecimal,
  make: () => new PrismaDecimal('12.50'),
  same: () => new PrismaDecimal('12.5'),
  other: () => new PrismaDecimal('12.51'),
  check: (replay) => {
    assert.ok(replay instanceof PrismaDecimal);
    assert.equal(replay.times(2).toFixed(2), '25.00');
  },
});
await checkValue({
  entry: entries.big,
  make: () => new Big('0.1'),
  same: () => new Big('0.10'),
  other: () => new Big('0.3'),
  check: (replay) => {
    assert.ok(replay instanceof Big);
    assert.equal(replay.plus('0.2').toString(), '0.3');
  },
});
await checkValue({
  entry: entries.bn,
  make: () => new BN('900719925474099300000'),
  same: () => new BN('900719925474099300000'),
  other: () => new BN('900719925474099300001'),
  check: (replay) => {
    assert.ok(BN.isBN(replay));
    assert.equal(replay.addn(1).toString(), '900719925474099300001');
  },
});
await checkValue({
  entry: entries.dayjsEntry,
  make: () => dayjs('2026-03-01T10:00:00Z'),
  same: () => dayjs(1_772_359_200_000),
  other: () => dayjs('2026-03-01T10:00:01Z'),
  check: (replay) => {
    assert.ok(dayjs.isDayjs(replay));
    assert.equal(replay.add(1, 'day').toISOString(), '2026-03-02T10:00:00.000Z');
  },
});
await checkValue<DateTime>({
  entry: entries.dateTime,
  make: () => DateTime.fromISO('2026-03-01T10:00:00', { zone: 'Europe/Zurich' }),
  same: () => DateTime.fromObject({ year: 2026, month: 3, day: 1, hour: 10 }, { zone: 'Europe/Zurich' }),
  other: () => DateTime.fromISO('2026-03-01T10:00:00', { zone: 'Europe/London' }),
  check: (replay) => {
    assert.ok(replay instanceof DateTime);
    assert.equal(replay.plus({ hours: 1 }).toISO(), '2026-03-01T11:00:00.000+01:00');
  },
});
await checkValue({
  entry: entries.duration,
  make: () => Duration.fromObject({ hours: 36 }),
  same: () => Duration.fromISO('PT36H'),
  other: () => Duration.fromObject({ hours: 37 }),
  check: (replay) => assert.equal(replay.as('days'), 1.5),
});
const wrapped = { id: 'h-1', price: new Decimal('1.5') };
const both = [entries.decimal, entries.okEntry, entries.errEntry];
await checkValue({
  entry: entries.okEntry,
  make: () => ok({ id: 1 }) as Ok<unknown, unknown>,
  same: () => ok({ id: 1 }) as Ok<unknown, unknown>,
  other: () => ok({ id: 2 }) as Ok<unknown, unknown>,
  check: (replay) => {
    assert.ok(replay instanceof Ok && replay.isOk());
    assert.deepEqual(replay.map((value) => [value])._unsafeUnwrap(), [{ id: 1 }]);
  },
});
const result = await replayOf(() => ok(wrapped), { classes: both });
assert.ok(result.isOk() && result.value.price.eq('1.5'));
const failure = await replayOf(() => err('declined'), { classes: both });
assert.ok(failure instanceof Err && failure.isErr());
assert.equal(failure.error, 'declined');
assert.notEqual(await keyOf(ok(1), both), await keyOf(err(1), both), 'a success and a failure differ');

// By fields alone, under a name of its own.
const byFields = await replayOf(() => new Decimal('1.25'), {
  classes: [{ class: Decimal, name: 'Decimal' }],
});
assert.equal(byFields.plus(1).toString(), '2.25');
const bigByFields = await replayOf(() => new Big('1.25'), { classes: [{ class: Big, name: 'Big' }] });
assert.equal(bigByFields.plus(1).toString(), '2.25');

// Without an entry each is one warning that names the way, and nothing that ends a call.
assert.equal(await replayOf<unknown>(() => new Decimal('1.5')), '1.5');

// MobX calls its maps Map, and its lists are proxies.
const map = await replayOf(() => observable.map([['a', 1]]), { classes: [entries.observableMap] });
assert.ok(isObservableMap(map));
assert.equal(map.get('a'), 1);
assert.deepEqual(await replayOf(() => ({ list: observable([1, { a: 2 }]), of: observable({ b: [3] }) })), {
  list: [1, { a: 2 }],
  of: { b: [3] },
});
assert.deepEqual(await replayOf<unknown>(() => observable.map([['a', new Date(1)]])), [['a', new Date(1)]]);
const mapKey = (value: number) =>
  keyOf(observable.map([['a', value]]), [entries.observableMap as ClassEntry]);
assert.equal(await mapKey(1), await mapKey(1));
assert.notEqual(await mapKey(1), await mapKey(2));

// zod tells its errors by Symbol.hasInstance.
const parse = async () => z.object({ id: z.string() }).parse({ id: 1 });
const issues = await replayOf<unknown>(parse, { remember: [entries.zodError] });
assert.ok(issues instanceof ZodError && issues instanceof Error && issues instanceof ZodRealError);
assert.deepEqual(
  issues.issues.map(({ path }) => path),
  [['id']],
);
assert.match(z.prettifyError(issues), /at id/);
assert.throws(
  () => makeIdempotent(async () => 1, { name: 'parse', remember: [ZodError] }),
  (error: Error) =>
    error instanceof ConfigurationError && /ZodError decides by Symbol.hasInstance/.test(error.message),
);
const unlisted = await replayOf<unknown>(parse, { onError: () => 'remember' });
assert.ok(unlisted instanceof Error);
assert.deepEqual((unlisted as ZodError).issues, issues.issues);

// axios: what can be kept of its response is.
const server = createServer((_, response) => {
  response.writeHead(402, { 'content-type': 'application/json', 'x-request-id': 'r-1' });
  response.end('{"decline":"stolen_card"}');
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/charges`;
const refused = await replayOf<unknown>(() => axios.post(url, { amount: 5 }), { remember: [AxiosError] });
assert.ok(refused instanceof AxiosError && axios.isAxiosError(refused));
assert.equal(refused.code, 'ERR_BAD_REQUEST');
assert.equal(refused.response?.status, 402);
assert.deepEqual(refused.response?.data, { decline: 'stolen_card' });
assert.equal((refused.response?.headers as Record<string, string> | undefined)?.['x-request-id'], 'r-1');
assert.equal(refused.request, undefined);
server.close();

// http-errors has the status on the class's prototype.
const notFound = await replayOf<unknown>(
  async () => {
    throw new createError.NotFound('no such order');
  },
  { remember: [createError.HttpError] },
);
assert.ok(notFound instanceof createError.HttpError);
assert.equal(notFound.status, 404);
assert.equal(notFound.message, 'no such order');

await new Promise((resolve) => setImmediate(resolve));
const told = warnings.map(({ message }) => message);
assert.equal(
  told.filter((text) => /instance of Decimal: .*\{ class, name, to, from \}/.test(text)).length,
  1,
);
const leftOut = told.filter((text) => text.startsWith('AxiosError is stored without'));
assert.equal(leftOut.length, 1);
console.log('values of libraries replay, and are told apart');
