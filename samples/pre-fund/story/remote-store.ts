import type { ChildProcess } from 'node:child_process';
import type { IdempotencyRecord, PersistenceStore } from 'retrysafe';

interface Question {
  readonly id: number;
  readonly method: keyof PersistenceStore;
  readonly args: readonly unknown[];
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: unknown });

/** Lets a child use a store of this process, for as long as there is a child. */
export function serve(child: ChildProcess, store: PersistenceStore): void {
  child.on('message', async (message: Question | { readonly id?: never }) => {
    if (message.id === undefined) return;
    const { id, method, args } = message;
    const asked = store as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
    const answer: Answer = await Promise.resolve(asked[method]?.(...args)).then(
      (value) => ({ id, value }),
      (error: unknown) => ({ id, error }),
    );
    if (child.connected) child.send(answer);
  });
}

/** The parent's records, seen from a child: three operations are all that a store is. */
export class RemoteStore implements PersistenceStore {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  constructor() {
    process.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
  }

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#ask('claim', record, now);
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#ask('replace', record, token);
  }

  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    return this.#ask('find', key, options);
  }

  #ask<T>(method: keyof PersistenceStore, ...args: readonly unknown[]): Promise<T> {
    this.#lastId += 1;
    const question: Question = { id: this.#lastId, method, args };
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(question.id, (answer) => {
        this.#waiting.delete(question.id);
        if ('error' in answer) reject(answer.error);
        else resolve(answer.value as T);
      });
      process.send?.(question);
    });
  }
}
