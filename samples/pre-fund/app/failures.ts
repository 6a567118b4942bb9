/** A request that cannot be carried out as it is. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  readonly statusCode = 400;
}

/** There is nothing at this address. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
  readonly statusCode = 404;
}

/** The bank's answer is no, and it will be no again. */
export class InsufficientFunds extends Error {
  override readonly name = 'InsufficientFunds';
  readonly statusCode = 402;

  constructor(readonly availableCents: number) {
    const available = (availableCents / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' });
    super(`only ${available} are available`);
  }
}

/** The bank cannot take a request just now. Nothing was done. */
export class BankUnavailable extends Error {
  override readonly name = 'BankUnavailable';
  readonly statusCode = 503;
}

/** The bank got a request and gave no response. It may or may not have carried it out. */
export class BankSilent extends Error {
  override readonly name = 'BankSilent';
  readonly statusCode = 504;
}

/** There is not as much left to pay back, or this refund was made before. Nothing was done. */
export class NotRefundable extends Error {
  override readonly name = 'NotRefundable';
  readonly statusCode = 409;
}

/** The refunds are out of reach. Whether this one was made is found out at the next try. */
export class RefundsUnavailable extends Error {
  override readonly name = 'RefundsUnavailable';
  readonly statusCode = 503;
}

/** Another request writes the same balance just now. Nothing was done. */
export class BalanceBusy extends Error {
  override readonly name = 'BalanceBusy';
  readonly statusCode = 503;
}
