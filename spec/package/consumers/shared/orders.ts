// What every consumer decorates: the same source compiles with standard and with experimental decorators.
import { currentExecution, IdempotencyDefaults, Idempotent } from 'retrysafe';

export interface OrderRequest {
  readonly id?: string;
  readonly amount: number;
}

export interface Order {
  readonly id: string | undefined;
  readonly amount: number;
  readonly placedAt: Date;
  readonly paymentKeys: readonly string[];
}

@IdempotencyDefaults({ lease: 20 })
export class Orders {
  runs = 0;

  @Idempotent({ key: 'id', ttl: 300, fingerprint: 'amount', name: 'Orders.place' })
  async place(request: OrderRequest): Promise<Order> {
    this.runs += 1;
    await Promise.resolve();
    const execution = currentExecution();
    return {
      id: request.id,
      amount: request.amount,
      placedAt: new Date(),
      paymentKeys: [execution.deriveKey('hold'), execution.deriveKey('hold'), execution.deriveKey('fee')],
    };
  }
}
