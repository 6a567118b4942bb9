// What every server of the conformance table does, and what the kit is told about it. A server is one file beside this folder:
//
//   export const name        the heading of its column
//   export async function start()
//                            resolves to { url, effectsUrl, close() }, and `options` where the kit has to know more than
//                            `conformanceOptions` says
//   export const because     why it fails a check, by the check's id, in a sentence. A check that fails has one, and no other
//
// Each server has `paths`, and asks for `authenticate` before it looks at a key.
import { randomUUID } from 'node:crypto';

export const paths = {
  payments: '/payments',
  slow: '/payments/slow',
  refunds: '/refunds',
  files: '/files',
  effects: '/effects',
};

/** The options that the kit has for every server. */
export const conformanceOptions = {
  authentication: { Authorization: 'Bearer anna' },
  otherIdentity: { Authorization: 'Bearer bert' },
  body: { amount: 100, currency: 'EUR' },
  errorBody: { amount: -1, currency: 'EUR' },
  slowUrl: paths.slow,
  otherUrl: paths.refunds,
  binaryUrl: paths.files,
};

/** How long a slow payment takes: so long that the other seven copies of it come meanwhile. */
const slowMs = 300;

/** The business of one server, with a ledger of its own. */
export function makePayments() {
  let effects = 0;
  return {
    get effects() {
      return effects;
    },

    /** The user of an `Authorization` field, or nothing. */
    authenticate(authorization) {
      return /^Bearer (anna|bert)$/.exec(authorization ?? '')?.[1];
    },

    /** A payment or a refund. One of a negative amount is declined for good. */
    async pay({ amount, currency }, path) {
      if (amount < 0) return { status: 402, headers: {}, body: { declined: true } };
      effects += 1;
      if (path === paths.slow) await new Promise((resolve) => setTimeout(resolve, slowMs));
      const id = randomUUID();
      return { status: 201, headers: { location: `${path}/${id}` }, body: { id, amount, currency } };
    },

    /** Takes bytes, and returns them with those of an id, which are no text. */
    upload(bytes) {
      effects += 1;
      return Buffer.concat([bytes, Buffer.from(randomUUID().replaceAll('-', ''), 'hex')]);
    },
  };
}
