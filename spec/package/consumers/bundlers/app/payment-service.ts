import { IdempotencyDefaults, Idempotent, makeIdempotent } from 'retrysafe';

interface Request {
  readonly id: string;
}

/** Has no `name`: its operation is called after the class, as the bundler calls it. */
export class PaymentService {
  @Idempotent({ key: 'id' })
  async pay(request: Request): Promise<string> {
    return `paid ${request.id}`;
  }
}

async function capture(request: Request): Promise<string> {
  return `captured ${request.id}`;
}

/** Has no `name` either. */
export const captured = () => makeIdempotent(capture, { key: 'id' });

/** Named, as bundled code should be: no build changes what its operation is called. */
@IdempotencyDefaults({ name: 'RefundService' })
export class RefundService {
  @Idempotent({ key: 'id' })
  async refund(request: Request): Promise<string> {
    return `refunded ${request.id}`;
  }
}

async function release(request: Request): Promise<string> {
  return `released ${request.id}`;
}

export const released = () => makeIdempotent(release, { name: 'release', key: 'id' });
