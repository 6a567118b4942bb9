import * as fc from 'fast-check';
import {
  ConfigurationError,
  type IdempotencyRecord,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnavailableError,
  type ResolveOptions,
  recordOf,
} from 'retrysafe';
import { gaveAway } from './marker.js';
import { checkPrototypes, checkWords, timed, Violation } from './trial.js';
import { largeValues, type MakeValue, smallValues } from './values.js';

const texts: Readonly<Record<string, MakeValue>> = {
  'control characters': () => '\u0000\u001b[2J\u001b]0;x\u0007\r\n\u2028\u202e',
  'two hundred halves of a pair': () => '\ud800'.repeat(200),
  'a text of 201 characters': () => 'x'.repeat(201),
  'an empty text': () => '',
  'a name of Object': () => 'constructor',
  'a name of its prototype': () => '__proto__',
  'what JSON ends with': () => '"}],"status":"released"',
};

const values: Readonly<Record<string, MakeValue>> = { ...smallValues, ...largeValues, ...texts };

/** The options of a decision, each of which may be hostile. */
export const decisionOptions = ['value', 'by', 'reason', 'token', 'force', 'ttl', 'as'] as const;
type Option = (typeof decisionOptions)[number];

export const everyDecision = Object.keys(values);

export const decision = fc.record({
  name: fc.constantFrom(...Object.keys({ ...smallValues, ...texts })),
  option: fc.constantFrom(...decisionOptions),
});

type DecisionCase = typeof decision extends fc.Arbitrary<infer Case> ? Case : never;

function optionsWith(option: Option, value: unknown): ResolveOptions {
  const own = option === 'value' ? { as: 'value' } : { as: 'refuse' };
  return { ...own, [option]: value } as never;
}

/** An operator's decision is refused clearly, with nothing written, or each equal call gets what was decided. */
export async function checkDecision({ name, option }: DecisionCase): Promise<string> {
  const what = `${name} as "${option}"`;
  const store = new InMemoryStore();
  let runs = 0;
  const decide = makeIdempotent(
    async (_id: string) => {
      runs += 1;
      throw new Error('busy');
    },
    { name: 'Hostile.decide', store, wait: 0, onError: () => 'unknown', onAbandoned: 'refuse' },
  );
  await decide('1').catch(() => {});
  const handle = () => recordOf(decide, '1');
  const before = JSON.stringify(await store.find(handle().key));
  const options = optionsWith(option, (values[name] as MakeValue)());
  const error = await timed(what, () => rejectionOf(() => handle().resolve(options)));
  checkPrototypes(what);
  if (error !== undefined) {
    checkError(what, error, before === JSON.stringify(await store.find(handle().key)));
    return 'refused';
  }
  const ending = await timed(what, () => rejectionOf(() => decide('1')));
  if (runs !== 1) throw new Violation(`${what}: it ran again`);
  const record = (await store.find(handle().key)) as IdempotencyRecord;
  if (JSON.stringify(record.state.about).length > 4_000)
    throw new Violation(`${what}: the record tells too much of itself`);
  const { by, why } = (await handle().inspect()) ?? {};
  if (options.by !== undefined && by !== options.by) throw new Violation(`${what}: the view names another`);
  if (option === 'reason' && (why as { reason?: string })?.reason !== options.reason)
    throw new Violation(`${what}: the view has another reason`);
  if (options.as === 'refuse') checkAnswer(what, ending);
  else if (ending !== undefined) throw new Violation(`${what}: equal calls do not get the value`);
  return 'decided';
}

async function rejectionOf(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    return error ?? new Error('nothing was thrown');
  }
}

function checkError(what: string, error: unknown, isUnchanged: boolean): void {
  const name = (error as Error).name;
  if (!(error instanceof ConfigurationError) && name !== 'NotResolvedError')
    throw new Violation(`${what}: refused by ${name}: ${String(error).slice(0, 200)}`);
  checkWords(what, error as Error);
  if (!/^Hostile\.decide: /.test((error as Error).message))
    throw new Violation(`${what}: names no operation: ${(error as Error).message}`);
  if (!isUnchanged) throw new Violation(`${what}: it was refused, and something was written`);
}

/** The operator's own words are for the callers; a record has no more of them than it has room for. */
function checkAnswer(what: string, error: unknown): void {
  if (!(error instanceof OutcomeUnavailableError) || !error.message.includes('an operator decided'))
    throw new Violation(`${what}: equal calls are not told that it was refused`);
  if (error.message.length > 1_000) throw new Violation(`${what}: ${error.message.length} letters`);
  if (/as "(value|ttl|force|token)"/.test(what) && gaveAway(error.message))
    throw new Violation(`${what}: the message repeats it`);
}
