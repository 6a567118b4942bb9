// What the ACH system does: sends a Pre-Fund request, once more where it got no answer.
import { placeHold, pool } from './pre-fund.mjs';

for (const transactionId of process.argv.slice(2)) {
  try {
    const { holdId } = await placeHold({ transactionId, amount: 250 });
    console.log(`${transactionId}: hold ${holdId}`);
  } catch (error) {
    console.log(`${transactionId}: ${error.code ?? error.message}`);
  }
}
await pool.end();
