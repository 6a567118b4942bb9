import { Decimal as PrismaDecimal } from '@prisma/client-runtime-utils';
import { Big } from 'big.js';
import BN from 'bn.js';
import dayjs from 'dayjs';
import { Decimal } from 'decimal.js';
import { DateTime, Duration } from 'luxon';
import { ObservableMap, observable } from 'mobx';
import { Err, err, Ok, ok } from 'neverthrow';
import type { ClassEntry } from 'retrysafe';
import { ZodError, ZodRealError } from 'zod';

// As docs/reference/values.md has them.
export const decimal: ClassEntry<Decimal, string> = {
  class: Decimal,
  name: 'Decimal',
  to: (value) => value.toString(),
  from: (text) => new Decimal(text),
};

export const prismaDecimal: ClassEntry<PrismaDecimal, string> = {
  class: PrismaDecimal,
  name: 'PrismaDecimal',
  to: (value) => value.toString(),
  from: (text) => new PrismaDecimal(text),
};

export const big: ClassEntry<Big, string> = {
  class: Big,
  name: 'Big',
  to: (value) => value.toString(),
  from: (text) => new Big(text),
};

export const bn: ClassEntry<BN, bigint> = {
  class: BN,
  name: 'BN',
  to: (value) => BigInt(value.toString()),
  from: (whole) => new BN(whole.toString()),
};

export const dayjsEntry: ClassEntry<dayjs.Dayjs, Date> = {
  class: dayjs().constructor,
  name: 'Dayjs',
  to: (value) => value.toDate(),
  from: (date) => dayjs(date),
};

export const dateTime: ClassEntry<DateTime, readonly [number, string]> = {
  class: DateTime,
  name: 'DateTime',
  to: (value) => [value.toMillis(), value.zoneName ?? 'UTC'],
  from: ([millis, zone]) => DateTime.fromMillis(millis, { zone }),
};

export const duration: ClassEntry<Duration, string> = {
  class: Duration,
  name: 'Duration',
  to: (value) => value.toISO() ?? '',
  from: (text) => Duration.fromISO(text),
};

export const okEntry: ClassEntry<Ok<unknown, unknown>> = {
  class: Ok,
  name: 'Ok',
  to: ({ value }) => value,
  from: (value: unknown) => ok(value) as Ok<unknown, unknown>,
};

export const errEntry: ClassEntry<Err<unknown, unknown>> = {
  class: Err,
  name: 'Err',
  to: ({ error }) => error,
  from: (error: unknown) => err(error) as Err<unknown, unknown>,
};

export const zodError: ClassEntry<ZodError, ZodError['issues']> = {
  class: ZodError,
  name: 'ZodError',
  to: (error) => error.issues,
  // What parse() throws is an Error; what ZodError itself makes is none.
  from: (issues) => new ZodRealError(issues),
};

export const observableMap: ClassEntry<
  ObservableMap<unknown, unknown>,
  readonly (readonly [unknown, unknown])[]
> = {
  class: ObservableMap,
  name: 'ObservableMap',
  to: (map) => [...map],
  from: (entries) => observable.map(entries),
};
