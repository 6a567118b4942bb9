/** These have nothing to do with the others but their names. */
export class PaymentService {
  readonly isAnother = true;
}

export class RefundService {
  readonly isAnother = true;
}

export function capture(): string {
  return 'captured by another';
}

export function release(): string {
  return 'released by another';
}
