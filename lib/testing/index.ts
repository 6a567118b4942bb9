export { abandon } from './abandon.js';
export { assertReplays } from './assert-replays.js';
export type { Law, StoreFactory } from './contract/law.js';
export { type ContractOptions, storeContract } from './contract/store-contract.js';
export { type LawOptions, lawsFor, type StoreAbilities, storeLaws } from './contract/store-laws.js';
export { FailingStore, type FailureOptions, type StoreOperation } from './failing-store.js';
