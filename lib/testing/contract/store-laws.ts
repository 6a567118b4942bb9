import { claimLaws } from './claim-laws.js';
import type { Law } from './law.js';
import { replaceLaws } from './replace-laws.js';
import { simultaneityLaws } from './simultaneity-laws.js';
import { storageLaws } from './storage-laws.js';

/** The laws of `PersistenceStore`, for a test runner of any kind. */
export const storeLaws: readonly Law[] = [...claimLaws, ...replaceLaws, ...simultaneityLaws, ...storageLaws];
