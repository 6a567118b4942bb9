import { optionsGiven, someOf, WrongOption, wholeNumber } from '../../support/command-line.js';
import { type StoreName, storeNames } from './ledger.js';

export interface Options {
  readonly seconds: number;
  readonly stores: readonly StoreName[];
  /** Whether the command names the stores. */
  readonly isNamed: boolean;
  readonly seed: number;
  readonly report: string | undefined;
  /** A ledger of an earlier torture, to be judged again. */
  readonly judge: string | undefined;
}

const shortest = 20;

/** @throws {WrongOption} */
export function optionsOf(args: readonly string[]): Options {
  const values = optionsGiven(
    {
      seconds: { type: 'string', default: '120' },
      store: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      report: { type: 'string' },
      judge: { type: 'string' },
    },
    args,
  );
  const seconds = wholeNumber('seconds', values.seconds, { least: 0 });
  if (seconds < shortest)
    throw new WrongOption(`--seconds ${seconds}: expected ${shortest} or more, of which 15 are the calm`);
  return {
    seconds,
    stores: someOf('store', values.store, storeNames),
    isNamed: values.store !== undefined,
    seed: wholeNumber('seed', values.seed, { least: 0 }),
    report: values.report,
    judge: values.judge,
  };
}
