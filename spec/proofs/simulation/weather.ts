import { randomFrom } from '../../support/random.js';
import type { Climate } from './history.js';

/** What may become of a request, and of its answer. */
export type Fault = 'refused' | 'request lost' | 'answer lost' | 'answer never comes' | 'sent twice';

/** What the network does to one request. */
export interface Weather {
  readonly kind: 'arrives' | Fault;
  /** Milliseconds until it arrives, and until its answer is back: requests overtake each other. */
  readonly there: number;
  readonly back: number;
  /** When the second copy arrives of one that is sent twice, and whether its answer is the one that counts. */
  readonly again: number;
  readonly secondCounts: boolean;
  /** How many versions a read that may be stale lags behind. */
  readonly lag: number;
}

export const fair: Weather = {
  kind: 'arrives',
  there: 1,
  back: 1,
  again: 0,
  secondCounts: false,
  lag: 0,
};

/** The weather of the n-th request of a host. */
export function weatherOf(climate: Climate, faults: readonly Fault[], host: string, n: number): Weather {
  if (climate.calm.length > 0 && climate.calm.includes(requestName(host, n))) return fair;
  const next = randomFrom(mixed(climate.seed, textHash(host), n));
  const percent = () => next() * 100;
  const kind = percent() < climate.faults ? (faults[Math.floor(next() * faults.length)] as Fault) : 'arrives';
  const delay = () => {
    const [chance, length] = [percent(), next()];
    if (chance >= climate.slow) return 1 + Math.floor(length * 15);
    return Math.floor(length * (chance < climate.slow / 8 ? 15_000 : 1_200));
  };
  return {
    kind,
    there: delay(),
    back: delay(),
    again: delay(),
    secondCounts: next() < 0.5,
    lag: percent() < climate.stale ? 1 + Math.floor(next() * 2) : 0,
  };
}

export function requestName(host: string, n: number): string {
  return `${host}/${n}`;
}

/** One number out of several, near ones far apart. */
export function mixed(...parts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part | 0) ^ Math.floor(part / 2 ** 32), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

function textHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash, 31) + text.charCodeAt(at);
  return hash | 0;
}
