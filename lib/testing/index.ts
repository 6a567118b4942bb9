export type { Law, StoreFactory } from './law.js';
export { type ContractOptions, storeContract } from './store-contract.js';
export { storeLaws } from './store-laws.js';
