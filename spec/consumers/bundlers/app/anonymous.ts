import { makeIdempotent } from 'retrysafe';
import PayCard from './pay-card.js';
import refund from './refund.js';
import release from './release.js';

/** The refusal of each operation that has no name. */
const refusals = [() => new PayCard(), () => makeIdempotent(refund), () => makeIdempotent(release)].map((make) => {
  try {
    make();
    return 'not refused';
  } catch (error) {
    return String(error);
  }
});
console.log(JSON.stringify(refusals));
