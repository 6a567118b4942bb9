import { IdempotencyDefaults } from 'retrysafe';
import { PreFundService } from '../app/pre-fund-service.js';

/** The service as it is deployed, which takes over as soon as a lease has lapsed: there is one clock here. */
@IdempotencyDefaults({ clockTolerance: '100ms' })
export class ImpatientService extends PreFundService {}

/** The process that dies has a lease as short as the story. No other process needs one. */
@IdempotencyDefaults({ lease: '2s' })
export class DyingService extends ImpatientService {}
