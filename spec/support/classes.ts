// Classes whose instances travel in payloads.

export class Money {
  constructor(
    readonly amount: unknown,
    readonly currency: unknown,
  ) {}
}

/** Another class with the same fields. */
export class Price {
  constructor(
    readonly amount: unknown,
    readonly currency: unknown,
  ) {}
}

/** Shows less in JSON than it holds. */
export class Card {
  constructor(
    readonly amount: unknown,
    readonly currency: unknown,
  ) {}

  toJSON(): unknown {
    return { currency: this.currency };
  }
}

export class LineItems extends Array<unknown> {}

export class Attributes extends Map<unknown, unknown> {}
