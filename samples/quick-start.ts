import { Idempotent } from 'retrysafe';

class PreFundService {
  @Idempotent({ key: 'transactionId', ttl: 300 })
  async placeHold({ transactionId, amount }: { transactionId: string; amount: number }) {
    console.log(`placing a hold of $${amount} for ${transactionId}`);
    return { holdId: crypto.randomUUID(), placedAt: new Date() };
  }
}

const service = new PreFundService();
const hold = await service.placeHold({ transactionId: 'T-1001', amount: 250 });
const retried = await service.placeHold({ transactionId: 'T-1001', amount: 250 });
console.log(`the retry got ${hold.holdId === retried.holdId ? 'the same hold' : 'another hold'}`);
