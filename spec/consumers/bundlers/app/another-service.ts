/** Has nothing to do with payments but the name of its class and of its function. */
export class PaymentService {
  readonly isAnother = true;
}

export function capture(): string {
  return 'captured by another';
}
