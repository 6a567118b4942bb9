import { Idempotent } from 'retrysafe';

/** Has no `name`: its operations are named after the class, as the bundler calls it. */
export class PaymentService {
  @Idempotent({ key: 'id' })
  async pay(request: { readonly id: string }): Promise<string> {
    return `paid ${request.id}`;
  }
}
