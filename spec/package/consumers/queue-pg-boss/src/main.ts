import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [major = 0] = process.versions.node.split('.').map(Number);
const { idempotentHandler } = createRequire(import.meta.url)('retrysafe/pg-boss');
assert.equal(typeof idempotentHandler, 'function');
if (major < 22) console.log('PENDING: pg-boss needs Node.js 22, so it was only compiled');
else await (await import('./worker.js')).runWorker();
