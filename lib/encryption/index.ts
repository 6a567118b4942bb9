export { encrypted } from './encrypted.js';
export type { EncryptionKey, EncryptionOptions } from './encryption-options.js';
