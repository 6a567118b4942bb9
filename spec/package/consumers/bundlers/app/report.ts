import 'retrysafe/jmespath';
import { makeIdempotent, onIdempotencyEvent } from 'retrysafe';

type Operation = (request: { readonly id: string }) => Promise<string>;

/** Calls each operation once, and prints what this build shows as one line of JSON: keys or refusals, and warnings. */
export async function report(
  operations: Readonly<Record<string, () => Operation>>,
  unrelated: readonly unknown[] = [],
): Promise<void> {
  const warnings: string[] = [];
  process.on('warning', (warning: Error & { code?: string }) => {
    if (warning.code === 'RETRYSAFE_BUNDLED_NAMES') warnings.push(warning.message);
  });
  let key: string | undefined;
  onIdempotencyEvent('claimed', (event) => {
    key = event.key;
  });
  const shown: Record<string, unknown> = {};
  for (const [title, make] of Object.entries(operations)) {
    try {
      await make()({ id: 'T-1' });
      shown[title] = { key };
    } catch (error) {
      shown[title] = { refused: String(error) };
    }
  }
  // A bundler that drops the import leaves an expression that is refused.
  const settle = makeIdempotent(async ({ ids }: { ids: readonly { id: string }[] }) => ids.length, {
    name: 'settle',
    key: 'ids[].id',
  });
  const settled = await settle({ ids: [{ id: 'T-1' }, { id: 'T-2' }] });
  // The warning is emitted a turn later.
  await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(JSON.stringify({ shown, warnings, unrelated: unrelated.length, settled }));
}
