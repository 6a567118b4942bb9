import type { ChildProcess } from 'node:child_process';
import type { IdempotencyRecord, PersistenceStore } from 'retrysafe';
import type { CoreBank, Hold, HoldOrder } from './core-bank.js';

/** The services of the parent process that a child reaches over the IPC channel between the two. */
export interface Services {
  readonly store: PersistenceStore;
  readonly bank: CoreBank;
}

interface Question {
  readonly id: number;
  readonly service: keyof Services;
  readonly method: string;
  readonly args: readonly unknown[];
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: unknown });

/** Answers what a child asks, for as long as there is a child. */
export function serve(child: ChildProcess, services: Services): void {
  child.on('message', async (message: Question | { readonly id?: never }) => {
    if (message.id === undefined) return;
    const { id, service, method, args } = message;
    const asked = services[service] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const answer: Answer = await Promise.resolve(asked[method]?.(...args)).then(
      (value) => ({ id, value }),
      (error: unknown) => ({ id, error }),
    );
    if (child.connected) child.send(answer);
  });
}

/** The parent's records, seen from a child: three operations are all that a store is. */
export class RemoteStore implements PersistenceStore {
  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return ask('store', 'claim', record, now);
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return ask('store', 'replace', record, token);
  }

  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    return ask('store', 'find', key, options);
  }
}

/** The parent's core bank, seen from a child. */
export class RemoteBank implements CoreBank {
  placeHold(order: HoldOrder, key: string): Promise<Hold> {
    return ask('bank', 'placeHold', order, key);
  }
}

const waiting = new Map<number, (answer: Answer) => void>();
let lastId = 0;

function ask<T>(service: keyof Services, method: string, ...args: readonly unknown[]): Promise<T> {
  if (lastId === 0) process.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer));
  lastId += 1;
  const question: Question = { id: lastId, service, method, args };
  return new Promise<T>((resolve, reject) => {
    waiting.set(question.id, (answer) => {
      waiting.delete(question.id);
      if ('error' in answer) reject(answer.error);
      else resolve(answer.value as T);
    });
    process.send?.(question);
  });
}
