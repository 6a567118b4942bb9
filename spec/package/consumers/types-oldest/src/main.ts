import { Idempotent, InMemoryStore, type PersistenceStore } from 'retrysafe';
import { storeContract } from 'retrysafe/testing';
import { exercise } from './exercise.js';

export class Holds {
  @Idempotent({ key: (request: { id: string }) => request.id, ttl: '24h' })
  async place(request: { id: string }): Promise<string> {
    return request.id;
  }

  // @ts-expect-error a method that returns no promise
  @Idempotent({ key: 'id' })
  placeNow(request: { id: string }): string {
    return request.id;
  }
}

export const store: PersistenceStore = new InMemoryStore();
export { exercise, storeContract };
