/** The request that is measured: small JSON, as it is when a handler has decoded it. */
export function holdRequest(id) {
  return { body: { transactionId: `tx-${id}`, accountId: 'DE-4711', amount: 12.5, currency: 'EUR' } };
}

/** The work that is to be done once, all but nothing: what is measured is what stands around it. */
export class Holds {
  runs = 0;
  /** How long it takes, where calls are to overlap. */
  lengthMs = 0;

  place = async ({ body: { transactionId, amount, currency } }) => {
    this.runs += 1;
    if (this.lengthMs > 0) await new Promise((resolve) => setTimeout(resolve, this.lengthMs));
    return { holdId: `hold-${transactionId}`, amount, currency, placedAt: 1_767_225_600_000 };
  };
}

/** How long an outcome is kept, in seconds. */
export const ttl = 3_600;

/** How many outcomes a process keeps, where it does: more than are replayed at a time. */
export const keptLocally = 4_096;
