import { paginateScan, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type { Completion } from 'retrysafe';
import { Application } from '../../stores/postgres/transfers.js';
import type { OpenStore } from '../../support/store-description.js';

/** The name of the business's own table. */
export const effectsTable = 'effects';

/** A row of it. Nothing keeps a key from having two. */
export interface TableEffect {
  readonly key: string;
  readonly run: string;
  readonly pid: number;
  readonly attempt: number;
  readonly token: number;
}

/** Is told how far a transaction is: the process may die there, and some time may pass where it may be long. */
export interface Progress {
  dies(where: string): void;
  passes(where: string): Promise<void>;
}

/** Does the work of a call and completes it, both or neither, in the database that has the records. */
export interface Business {
  commit(effect: TableEffect, completion: Completion, progress: Progress): Promise<void>;
  effects(): Promise<TableEffect[]>;
}

/** The business that can be done on a store, where there are transactions. */
export function businessOf(open: OpenStore): Business | undefined {
  switch (open.kind) {
    case 'dynamodb':
      return onDynamoDB(open);
    case 'postgres':
      return onPostgres(open);
    case 'sqlite':
      return onSqlite(open);
    case 'redis':
      return undefined;
  }
}

type Open<K extends OpenStore['kind']> = Extract<OpenStore, { readonly kind: K }>;

function onDynamoDB({ client, store }: Open<'dynamodb'>): Business {
  return {
    async commit(effect, completion, progress) {
      const Item = { id: { S: `${effect.key} ${effect.run}` }, effect: { S: JSON.stringify(effect) } };
      const TransactItems = [{ Put: { TableName: effectsTable, Item } }, store.transactItem(completion)];
      await progress.passes('before the transaction');
      await client.send(new TransactWriteItemsCommand({ TransactItems }));
      progress.dies('after the transaction');
    },
    async effects() {
      const found: TableEffect[] = [];
      for await (const { Items = [] } of paginateScan(
        { client },
        { TableName: effectsTable, ConsistentRead: true },
      )) {
        for (const { effect } of Items) found.push(JSON.parse(effect?.S as string));
      }
      return found;
    },
  };
}

function onPostgres({ client, store }: Open<'postgres'>): Business {
  const application = new Application(client, store, effectsTable);
  return {
    commit: (effect, completion, progress) =>
      application.transaction(async (tx) => {
        await tx.query(`INSERT INTO ${effectsTable} VALUES ($1)`, [JSON.stringify(effect)]);
        await progress.passes('after the effect');
        await store.complete(tx, completion);
        await progress.passes('after the completion');
      }),
    async effects() {
      const { rows } = await client.query(`SELECT effect FROM ${effectsTable}`);
      return rows.map(({ effect }) => JSON.parse(effect));
    },
  };
}

function onSqlite({ client, store }: Open<'sqlite'>): Business {
  return {
    // Without an await from BEGIN to COMMIT: while it is open, the store serves no other call of this process.
    async commit(effect, completion, { dies }) {
      client.exec('BEGIN IMMEDIATE');
      try {
        client.prepare(`INSERT INTO ${effectsTable} VALUES (?)`).run(JSON.stringify(effect));
        dies('after the effect');
        store.complete(completion);
        dies('after the completion');
        client.exec('COMMIT');
      } catch (error) {
        client.exec('ROLLBACK');
        throw error;
      }
    },
    async effects() {
      const rows = client.prepare(`SELECT effect FROM ${effectsTable}`).all() as { effect: string }[];
      return rows.map(({ effect }) => JSON.parse(effect));
    },
  };
}
