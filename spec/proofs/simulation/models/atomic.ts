import { Database } from '../database.js';
import type { StoreModel } from '../store-model.js';

export const atomic: StoreModel = {
  name: 'atomic',
  about:
    'every operation is one step, as in SQLite or in memory, behind a network that loses, delays, reorders and refuses requests and answers; a transaction is one request',
  faults: ['refused', 'request lost', 'answer lost', 'answer never comes'],
  acts: [],
  transactions: 'one request',
  hasStaleReads: false,
  hasNotices: false,
  features: ['committed transaction'],
  create: (clock, witness) => new Database(clock, witness),
};
