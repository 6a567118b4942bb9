import { ConfigurationError } from '../../errors.js';
import type { Operate } from './operation-under-way.js';
import {
  type TestDatabase,
  type TestTable,
  type TestTransaction,
  TransactionConflictError,
} from './test-database.js';
import { textOf } from './words.js';

/** Takes note of what the running process reads: what it does next depends on it. */
export type Hear = (what: string) => void;

/** What is committed to a table. */
export class InMemoryTable<Row> implements TestTable<Row> {
  /** By their keys, with a number that each change makes higher. */
  readonly #rows = new Map<string, { readonly row: Row | undefined; readonly version: number }>();

  /** How often it was written. */
  writes = 0;
  readonly #hear: Hear;

  constructor(
    readonly name: string,
    hear: Hear,
  ) {
    this.#hear = hear;
  }

  get(key: string): Row | undefined {
    const row = this.#rows.get(key)?.row;
    this.#hear(`${this.name} ${key} ${this.version(key)} ${textOf(row)}`);
    return row === undefined ? undefined : structuredClone(row);
  }

  rows(): Row[] {
    return [...this.entries()].map(([, row]) => row);
  }

  /** Copies of the rows by their keys. */
  entries(): Map<string, Row> {
    const rows = [...this.#rows].flatMap(([key, { row }]): [string, Row][] =>
      row === undefined ? [] : [[key, row]],
    );
    this.#hear(`${this.name} ${textOf(rows)}`);
    return new Map(structuredClone(rows));
  }

  /** Whether there is a row under `key`. */
  has(key: string): boolean {
    return this.#rows.get(key)?.row !== undefined;
  }

  version(key: string): number {
    return this.#rows.get(key)?.version ?? 0;
  }

  write(key: string, row: Row | undefined): void {
    this.writes += 1;
    this.#rows.set(key, { row, version: this.version(key) + 1 });
  }
}

/** What a story says of a row that a transaction has replaced without having read it. */
export const UNREAD = ', which it had not read';

interface Write {
  readonly table: InMemoryTable<unknown>;
  readonly key: string;
  readonly row: unknown;
}

/** An open transaction: it sees what was committed and what it has written itself. */
export class OpenTransaction implements TestTransaction {
  readonly #writes = new Map<string, Write>();
  readonly #read = new Map<
    string,
    { readonly table: InMemoryTable<unknown>; readonly key: string; readonly version: number }
  >();
  /** The tables of which it has read all rows, and how often each was written until then. */
  readonly #readWhole = new Map<InMemoryTable<unknown>, number>();
  readonly #joined: { readonly name: string; readonly check: () => void; readonly apply: () => void }[] = [];
  /** The rows that it has replaced without having read them. */
  readonly #unread = new Set<string>();
  #isOpen = true;

  get<Row>(table: TestTable<Row>, key: string): Row | undefined {
    this.#checkOpen();
    const place = `${table.name} ${key}`;
    const written = this.#writes.get(place);
    if (written) return structuredClone(written.row) as Row | undefined;
    const own = table as InMemoryTable<Row>;
    this.#read.set(place, { table: own as InMemoryTable<unknown>, key, version: own.version(key) });
    return own.get(key);
  }

  rows<Row>(table: TestTable<Row>): Row[] {
    this.#checkOpen();
    const own = table as InMemoryTable<Row>;
    this.#readWhole.set(own as InMemoryTable<unknown>, own.writes);
    const rows: Map<string, unknown> = own.entries();
    for (const { table: its, key, row } of this.#writes.values()) {
      if (its !== (own as InMemoryTable<unknown>)) continue;
      if (row === undefined) rows.delete(key);
      else rows.set(key, structuredClone(row));
    }
    return [...rows.values()] as Row[];
  }

  put<Row>(table: TestTable<Row>, key: string, row: Row): void {
    this.#checkOpen();
    this.#writes.set(`${table.name} ${key}`, {
      table: table as InMemoryTable<unknown>,
      key,
      row: structuredClone(row),
    });
  }

  delete<Row>(table: TestTable<Row>, key: string): void {
    this.put(table as TestTable<unknown>, key, undefined);
  }

  /** What is written with it, by another part of the database. */
  join(name: string, check: () => void, apply: () => void): void {
    this.#checkOpen();
    check();
    this.#joined.push({ name, check, apply });
  }

  get isReadOnly(): boolean {
    return this.#writes.size + this.#joined.length === 0;
  }

  /** The rows that it writes. */
  written(): unknown[] {
    return [...this.#writes.values()].map(({ row }) => row);
  }

  /** What it writes, as a story tells it. */
  tell(): string {
    const writes = [...this.#writes.keys()].map((place) =>
      this.#unread.has(place) ? `${place}${UNREAD}` : place,
    );
    return [...writes, ...this.#joined.map(({ name }) => name)].join(', ');
  }

  close(): void {
    this.#isOpen = false;
  }

  /** Writes all of it, or throws and writes nothing. */
  commit(): void {
    for (const { table, key, version } of this.#read.values())
      if (table.version(key) !== version) throw new TransactionConflictError();
    for (const [table, writes] of this.#readWhole)
      if (table.writes !== writes) throw new TransactionConflictError();
    for (const { check } of this.#joined) check();
    for (const [place, { table, key, row }] of this.#writes) {
      if (table.has(key) && !this.#read.has(place) && !this.#readWhole.has(table)) this.#unread.add(place);
      table.write(key, row);
    }
    for (const { apply } of this.#joined) apply();
  }

  #checkOpen(): void {
    if (this.#isOpen) return;
    throw new ConfigurationError(
      'the transaction of the test database has ended; await everything that belongs to it inside of database.transaction()',
    );
  }
}

export class InMemoryDatabase implements TestDatabase {
  readonly #tables = new Map<string, InMemoryTable<unknown>>();
  readonly #operate: Operate;
  readonly #hear: Hear;

  constructor(operate: Operate, hear: Hear) {
    this.#operate = operate;
    this.#hear = hear;
  }

  table<Row>(name: string): TestTable<Row> {
    const known = this.#tables.get(name) ?? new InMemoryTable<unknown>(name, this.#hear);
    this.#tables.set(name, known);
    return known as unknown as InMemoryTable<Row>;
  }

  async transaction<T>(work: (tx: TestTransaction) => T | PromiseLike<T>): Promise<T> {
    const tx = new OpenTransaction();
    try {
      const result = await work(tx);
      tx.close();
      await this.#operate({
        kind: 'transaction',
        name: 'the transaction',
        tell: () => tx.tell(),
        args: tx.written(),
        isEffective: () => !tx.isReadOnly,
        apply: () => tx.commit(),
      });
      return result;
    } finally {
      tx.close();
    }
  }
}
