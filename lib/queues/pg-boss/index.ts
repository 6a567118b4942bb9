export { idempotentHandler, type PgBossOptions } from './idempotent-handler.js';
export type { PgBossClient, PgBossDatabase, PgBossJob } from './pg-boss-client.js';
export { type PgBossSettings, pgBossSettings } from './pg-boss-settings.js';
