import { Idempotent, makeIdempotent } from 'retrysafe';

class UnnamedService {
  @Idempotent({ key: 'id' })
  async pay(request: { readonly id: string }): Promise<string> {
    return request.id;
  }
}

async function unnamed(request: { readonly id: string }): Promise<string> {
  return request.id;
}

/** The warnings that this is a bundle which renames things, of operations that are named after a class and a function. */
export async function warningsOfABundle(): Promise<readonly string[]> {
  const emitted: string[] = [];
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error) => {
    emitted.push(String(warning));
  };
  try {
    await new UnnamedService().pay({ id: 'a' });
    await makeIdempotent(unnamed, { key: 'id' })({ id: 'a' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.emitWarning = emitWarning;
  }
  return emitted.filter((text) => text.includes('UnnamedService.pay') || text.includes('unnamed'));
}
