import { IdempotencyDefaults, Idempotent } from 'retrysafe';

/** Named, as bundled code should be: no build changes what its operations are called. */
@IdempotencyDefaults({ name: 'PaymentService' })
export class PaymentService {
  @Idempotent({ key: 'id' })
  async pay(request: { readonly id: string }): Promise<string> {
    return `paid ${request.id}`;
  }
}
