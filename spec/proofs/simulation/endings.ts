import type { Ending } from './answer-rules.js';

export async function endingOf(promise: Promise<unknown>): Promise<Ending> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/** An ending for reading. */
export function told(ending: Ending): string {
  if ('error' in ending) return String(ending.error);
  return String((ending.value as { mark?: string } | undefined)?.mark ?? ending.value);
}
