/** The request that is measured: small JSON, as it is when a handler has decoded it. */
export function holdRequest(id) {
  return { body: { transactionId: `tx-${id}`, accountId: 'DE-4711', amount: 12.5, currency: 'EUR' } };
}

/** The work that is to be done once, all but nothing: what is measured is what stands around it. */
export class Holds {
  runs = 0;

  place = async ({ body: { transactionId, amount, currency } }) => {
    this.runs += 1;
    return { holdId: `hold-${transactionId}`, amount, currency, placedAt: 1_767_225_600_000 };
  };
}

/** How long an outcome is kept, in seconds. */
export const ttl = 3_600;
