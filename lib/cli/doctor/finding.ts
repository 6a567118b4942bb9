/** What the examination of a store has found. */
export interface Finding {
  /** What was examined, in a word or two. */
  readonly what: string;
  /** `problem`: calls fail, or what is promised may not hold. `advice`: something costs more, or is found later, than it need be. */
  readonly is: 'ok' | 'problem' | 'advice';
  readonly found: string;
  /** What to do about it. Absent where all is well. */
  readonly remedy?: string;
}

export function ok(what: string, found: string): Finding {
  return { what, is: 'ok', found };
}

export function problem(what: string, found: string, remedy: string): Finding {
  return { what, is: 'problem', found, remedy };
}

export function advice(what: string, found: string, remedy: string): Finding {
  return { what, is: 'advice', found, remedy };
}

/** From this difference on, `clockTolerance` does not cover two machines that differ as much in opposite directions. */
const CLOCK_LIMIT_MS = 500;

/**
 * Compares the clock of this machine with the server's.
 *
 * @param ask Resolves to the server's time, in epoch milliseconds.
 * @param precisionMs How exact that is.
 */
export async function clockFinding(ask: () => Promise<number>, precisionMs = 0): Promise<Finding> {
  const before = Date.now();
  const server = await ask();
  const after = Date.now();
  // The server read its clock in between.
  const differenceMs = server < before ? server - before : server > after ? server - after : 0;
  const isFar = Math.abs(differenceMs) > CLOCK_LIMIT_MS + precisionMs;
  const found =
    differenceMs === 0
      ? 'that of this machine and that of the server agree'
      : `the server is ${Math.abs(Math.round(differenceMs))} ms ${differenceMs > 0 ? 'ahead' : 'behind'}`;
  if (!isFar) return ok('clock', found);
  return problem(
    'clock',
    found,
    'synchronise both by NTP, or set `clockTolerance` above the difference: leases and expiries compare the clocks of the machines that make calls',
  );
}

/** Runs an examination of which each fault is a finding. */
export async function orProblem(
  what: string,
  remedy: string,
  examine: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    const found = await examine();
    return 'what' in found ? [found] : found;
  } catch (error) {
    return [problem(what, String((error as Partial<Error> | null)?.message ?? error), remedy)];
  }
}
