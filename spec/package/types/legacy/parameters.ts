// Type-checks with experimentalDecorators only.
// biome-ignore-all format: one case a line, so that each expected error has its own line
// biome-ignore-all lint/suspicious/noExplicitAny: what any does to inference is among the cases
import { Idempotent } from 'retrysafe';
import { applyDecorators, type Hold, ok, type PreFundRequest, type Same } from '../kit.js';

declare function Post(path?: string): MethodDecorator;
declare function Body(): ParameterDecorator;
declare function Injectable(): ClassDecorator;
const IdempotentPost = (path: string) => applyDecorators(Idempotent({ key: (request: PreFundRequest) => request.id }), Post(path));
const Wrapped = (): MethodDecorator => (target, key, descriptor) => { Idempotent({ key: 'id' })(target, key, descriptor); };
const constant = Idempotent();

@Injectable()
export class Controller {
  tenant = 't';
  constructor(readonly name: string) {}

  @Post() @Idempotent({ key(request) { ok<Same<typeof this, Controller>>(); return this.tenant + request.id; } })
  async a(@Body() request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @IdempotentPost('/holds') async b(@Body() request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }
  @Wrapped() async c(request: PreFundRequest): Promise<Hold> { return { holdId: request.id }; }

  overloaded(a: string): Promise<string>;
  overloaded(a: number): Promise<number>;
  /** Experimental decorators are given the overloads, of which the last is the one inferred from. */
  @Idempotent({ key: (a) => { ok<Same<typeof a, number>>(); return a; } })
  async overloaded(a: string | number): Promise<string | number> { return a; }

  halfSync(a: string): string;
  halfSync(a: number): Promise<number>;
  // @ts-expect-error one overload does not return a promise
  @Idempotent() halfSync(a: string | number): any { return a; }

  // @ts-expect-error parameter
  async d(@Idempotent() request: PreFundRequest): Promise<void> { void request; }
  // @ts-expect-error parameter, loose
  async e(@constant request: PreFundRequest): Promise<void> { void request; }
  // @ts-expect-error static parameter
  static async f(@Idempotent({ key: 'id' }) request: PreFundRequest): Promise<void> { void request; }
}
export class ConstructorParameter {
  // @ts-expect-error constructor parameter
  constructor(@Idempotent() readonly name: string) {}
}
export class ConstructorParameterLoose {
  // @ts-expect-error constructor parameter
  constructor(@constant readonly name: string) {}
}
