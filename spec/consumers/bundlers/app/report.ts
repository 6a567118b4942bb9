import { onIdempotencyEvent } from 'retrysafe';

type Operation = (request: { readonly id: string }) => Promise<string>;

/** What one build shows: the key of each operation, and the warnings of this library. */
export interface Report {
  readonly keys: readonly string[];
  readonly warnings: readonly string[];
}

/** Calls each operation once, and prints what the build shows as one line of JSON. */
export async function report(operations: readonly Operation[], unrelated: readonly unknown[] = []): Promise<void> {
  const keys: string[] = [];
  const warnings: string[] = [];
  process.on('warning', (warning: Error & { code?: string }) => {
    if (warning.code === 'RETRYSAFE_BUNDLED_NAMES') warnings.push(warning.message);
  });
  onIdempotencyEvent('claimed', ({ key }) => keys.push(key));
  for (const operation of operations) await operation({ id: 'T-1' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(JSON.stringify({ keys, warnings, unrelated: unrelated.length }));
}
