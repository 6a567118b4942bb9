export type { Law, StoreFactory } from './contract/law.js';
export { type ContractOptions, storeContract } from './contract/store-contract.js';
export { type LawOptions, lawsFor, type StoreAbilities, storeLaws } from './contract/store-laws.js';
