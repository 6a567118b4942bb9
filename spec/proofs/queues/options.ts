import { optionsGiven, someOf, wholeNumber } from '../../support/command-line.js';
import { type QueueName, queueNames } from './queues.js';

export interface Options {
  readonly queues: readonly QueueName[];
  /** Whether the command names the queues. */
  readonly isNamed: boolean;
  readonly messages: number;
  readonly seed: number;
  /** How long one queue may take. */
  readonly seconds: number;
  /** Whether docs/queues-torture.md gets the rows. */
  readonly write: boolean;
  /** Whether the ledger is kept also where no fault was found. */
  readonly keep: boolean;
  /** A ledger of an earlier torture, to be judged again. */
  readonly judge: string | undefined;
}

/** @throws {WrongOption} */
export function optionsOf(args: readonly string[]): Options {
  const values = optionsGiven(
    {
      only: { type: 'string' },
      messages: { type: 'string', default: '2000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      seconds: { type: 'string' },
      write: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      judge: { type: 'string' },
    },
    args,
  );
  // One in fifty is poison.
  const messages = wholeNumber('messages', values.messages, { least: 50, most: 9_999 });
  const usual = 120 + Math.ceil(messages / 5);
  return {
    queues: someOf('only', values.only, queueNames),
    isNamed: values.only !== undefined,
    messages,
    seed: wholeNumber('seed', values.seed, { least: 0 }),
    seconds: wholeNumber('seconds', values.seconds ?? String(usual), { least: 20 }),
    write: values.write,
    keep: values.keep,
    judge: values.judge,
  };
}
