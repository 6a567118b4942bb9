import { IdempotencyDefaults } from 'retrysafe';
import { PreFundService } from '../app/pre-fund-service.js';

/** The service as it is deployed, with a lease as short as the story is. */
@IdempotencyDefaults({ lease: '1s', clockTolerance: '100ms' })
export class ImpatientService extends PreFundService {}
