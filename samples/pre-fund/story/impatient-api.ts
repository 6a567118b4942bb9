import { IdempotencyDefaults } from 'retrysafe';
import { PreFundApi } from '../app/pre-fund-api.js';

/** The function as it is deployed, which takes over as soon as a lease has lapsed: there is one clock here. */
@IdempotencyDefaults({ clockTolerance: '100ms' })
export class ImpatientApi extends PreFundApi {}

/** The process that dies has a lease as short as the story. No other process needs one. */
@IdempotencyDefaults({ lease: '2s' })
export class DyingApi extends ImpatientApi {}
