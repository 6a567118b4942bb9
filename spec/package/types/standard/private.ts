// Type-checks with standard decorators only.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import { IdempotencyDefaults, Idempotent } from 'retrysafe';
import { type Hold, memory, ok, type PreFundRequest, type Same } from '../kit.js';

const constant = Idempotent({ key: 'id' });

export class Private {
  #tenant = 't';
  #store = memory;
  static #count = 1;

  @Idempotent({ key: (request) => { ok<Same<typeof request, PreFundRequest>>(); return request.id; }, store: (self) => self.#store })
  async #place(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent({ key(request) { ok<Same<typeof this, Private>>(); return this.#tenant + request.id; } })
  async #thisTyped(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Idempotent({ key(n) { ok<Same<typeof this, typeof Private>>(); return this.#count + n; } })
  static async #onClass(n: number): Promise<void> { void n; }
  @constant async #loose(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  use(): void { void [this.#place, this.#thisTyped, Private.#onClass, this.#loose]; }

  // @ts-expect-error sync
  @Idempotent() #sync(): number { return 1; }
  // @ts-expect-error parameter type
  @Idempotent({ key: (n: string) => n }) async #wrong(n: number): Promise<void> { void n; }
  // @ts-expect-error getter
  @Idempotent() get #getter(): number { return 1; }
  // @ts-expect-error field
  @Idempotent() #field = async (): Promise<number> => 1;
  // @ts-expect-error auto-accessor
  @Idempotent() accessor #auto = 1;
  // @ts-expect-error sync, loose
  @constant #looseSync(): number { return 1; }
  useMore(): void { void [this.#sync, this.#wrong, this.#getter, this.#field, this.#auto, this.#looseSync]; }

  overloaded(a: string): Promise<string>;
  overloaded(a: number): Promise<number>;
  /** Standard mode gives the decorator the implementation's signature. */
  @Idempotent({ key: (a) => { ok<Same<typeof a, string | number>>(); return a; } })
  async overloaded(a: string | number): Promise<string | number> { return a; }
}

/** Class expressions, and a class inside a function. */
export const Expression = @IdempotencyDefaults({ ttl: '1h' }) class {
  tenant = 't';
  @Idempotent({ key(request) { return this.tenant + request.id; } }) async a(request: PreFundRequest): Promise<void> { void request; }
  // @ts-expect-error sync
  @Idempotent() b(): number { return 1; }
};
// @ts-expect-error class expression
export const Refused = @Idempotent() class {};
