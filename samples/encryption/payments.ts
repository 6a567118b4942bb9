import type { KMSClient } from '@aws-sdk/client-kms';
import { makeIdempotent, type PersistenceStore } from 'retrysafe';
import { encrypted } from 'retrysafe/encryption';
import { openKeys, type WrappedKeys } from './kms-keys.js';

export interface Payment {
  readonly id: string;
  readonly card: string;
}

export interface Receipt {
  readonly paymentId: string;
  readonly paidAt: Date;
  /** As the bank has it. The card itself is not recorded at all. */
  readonly account: string;
  readonly card?: string;
}

/** Where a service has its parts from. */
export interface Parts {
  readonly client: KMSClient;
  readonly kmsKeyId: string;
  readonly wrapped: WrappedKeys;
  readonly store: PersistenceStore;
  charge(payment: Payment): Promise<Receipt>;
}

/** Starts the service. A Lambda function awaits this at the top level of its module, outside of the handler. */
export async function startPayments({ client, kmsKeyId, wrapped, store, charge }: Parts) {
  const keys = await openKeys(client, kmsKeyId, wrapped);
  return makeIdempotent(charge, {
    name: 'payments.pay',
    key: 'id',
    store,
    redact: ({ card: _, ...receipt }) => receipt,
    codec: encrypted({ keys, current: wrapped.current }),
  });
}
