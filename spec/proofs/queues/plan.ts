import { randomFrom } from '../../support/random.js';
import type { Message } from './queue-under-test.js';

/** How long the runs of a method may take, in seconds. */
export interface Lengths {
  readonly lease: number;
  readonly renewFor: number;
}

/** A message, and what its runs are like. Lengths of time are milliseconds. */
export interface Plan extends Message {
  /** The producer is unsure, and sends it again after so long. */
  readonly againAfter?: number;
  /** How long its first run takes before its effect, and each run after it. */
  readonly before: number;
  readonly after: number;
  /** How the runs of poison end. */
  readonly end?: 'throws' | 'kills' | 'does both';
}

/** Other processes take a lease over so long after its end: the default of `clockTolerance`. */
export const tolerance = 1_000;

type Six = [number, number, number, number, number, number];

const poisonEvery = 50;
const twice = 0.1;
/** A duplicate of one that outlasts its lease meets that lease for longer than it waits. */
const outlasts = 0.03;

/** The messages of a torture: the same for the same seed. */
export function plansOf(count: number, seed: number, { lease, renewFor }: Lengths): Plan[] {
  const random = randomFrom(seed);
  const offset = Math.floor(random() * 10);
  return Array.from({ length: count }, (_, index) => {
    const message = { id: `m-${String(index).padStart(4, '0')}`, cents: 1 + Math.floor(random() * 10_000) };
    const [again, soon, much, slow, late, where] = Array.from({ length: 6 }, random) as Six;
    const isPoison = index % poisonEvery === offset;
    const isOutlasting = slow < outlasts;
    const plan = {
      ...message,
      // At once, while it runs, or when it has ended.
      ...((again < twice || isOutlasting) && { againAfter: soon < 0.3 ? 0 : much * lease * 1_500 }),
      before: isOutlasting ? outlasting({ lease, renewFor }) : slow < 0.2 ? much * lease * 800 : much * 20,
      after: late < 0.1 ? soon * 300 : 0,
    };
    if (!isPoison) return { ...plan, kind: where < 0.5 ? 'in-transaction' : 'derived-key' };
    const ofPoison = Math.floor(index / poisonEvery) % 10;
    const end = ofPoison === 5 ? 'kills' : ofPoison === 1 || ofPoison === 3 ? 'does both' : 'throws';
    // What came with it has mostly ended when it kills.
    return { ...plan, kind: 'poison', before: 100 + much * 200, after: 0, end };
  });
}

/** Whether the run of that attempt kills its own process. */
export function kills({ end }: Plan, attempt: number): boolean {
  return end === 'kills' || (end === 'does both' && attempt % 2 === 1);
}

/** Longer than its lease can be renewed for, so that another process runs it beside. */
function outlasting({ lease, renewFor }: Lengths): number {
  return (renewFor + lease) * 1_000 + tolerance + 500;
}
