import { Idempotent } from 'retrysafe';

export default class {
  @Idempotent({ key: 'id' })
  async pay(request: { readonly id: string }): Promise<string> {
    return `paid ${request.id}`;
  }
}
