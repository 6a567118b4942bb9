import { parseArgs } from 'node:util';
import { type StoreName, storeNames } from './ledger.js';

export interface Options {
  readonly seconds: number;
  readonly stores: readonly StoreName[];
  /** Whether the stores are those that somebody asked for by name. */
  readonly isNamed: boolean;
  readonly seed: number;
  readonly report: string | undefined;
  /** A ledger of an earlier torture, to be judged again. */
  readonly judge: string | undefined;
}

const shortest = 20;

/** @throws {TypeError} naming the option that is wrong, and what would be right. */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '120' },
      store: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      report: { type: 'string' },
      judge: { type: 'string' },
    },
  });
  const seconds = numberOf('seconds', values.seconds);
  if (seconds < shortest)
    throw new TypeError(`--seconds ${seconds}: right would be ${shortest} or more, of which 15 are the calm`);
  const stores = values.store?.split(',') ?? storeNames;
  const unknown = stores.find((name) => !storeNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new TypeError(`--store ${unknown}: right would be some of ${storeNames.join(',')}`);
  return {
    seconds,
    stores: storeNames.filter((name) => stores.includes(name)),
    isNamed: values.store !== undefined,
    seed: numberOf('seed', values.seed),
    report: values.report,
    judge: values.judge,
  };
}

function numberOf(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TypeError(`--${option} ${text}: right would be a whole number, such as --${option} 120`);
}
