import * as fc from 'fast-check';
import { InMemoryStore, makeIdempotent, recordOf } from 'retrysafe';
import { Violation } from './trial.js';

/** Who asks for what. */
interface Asked {
  readonly scope: unknown;
  readonly key: unknown;
}

const signs = ['a', 'b', ',', '"', '[', ']', '#', '\\', ' ', ':', '{', '}', '\u0000', '\n', 'null', '|'];
const text = fc
  .array(fc.constantFrom(...signs), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));
const part: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.constantFrom<unknown>(0, 1, '1', true, 'true', 1n, { $: ['bigint', '1'] }),
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }),
    fc.dictionary(text, tie('any'), { minKeys: 1, maxKeys: 2 }),
  ),
})).any;

/** Two tenants: random ones, or ones that a careless encoding would confuse. */
export const pair: fc.Arbitrary<readonly [Asked, Asked]> = fc
  .tuple(part, part, fc.nat(8), part)
  .map(([scope, key, way, other]) => [{ scope, key }, rival({ scope, key }, way, other)] as const);

function rival({ scope, key }: Asked, way: number, other: unknown): Asked {
  switch (way) {
    case 0:
      return { scope: key, key: scope };
    case 1:
      return { scope: [scope, key], key };
    case 2:
      return { scope, key: textOf([scope, key]) };
    case 3:
      return { scope: `${textOf(scope)},${textOf(key)}`, key };
    case 4:
      return { scope: `${textOf(scope)}${textOf(key)}`, key: '1' };
    case 5:
      return { scope: textOf(scope), key };
    case 6:
      return { scope: structuredClone(scope), key: structuredClone(key) };
    case 7:
      return { scope: other, key };
    default:
      return { scope, key: other };
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
}

/** Scopes and keys as they are written, so that equal ones are equal here, too. */
function written(asked: Asked): string {
  return JSON.stringify(asked, (_, value: unknown) => {
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return { entries: Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1)) };
  });
}

/** Whatever the one does, the other gets nothing of it, unless they ask for the very same. */
export async function checkScopes([one, other]: readonly [Asked, Asked]): Promise<'equal' | 'different'> {
  const isSame = written(one) === written(other);
  const store = new InMemoryStore();
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const give = makeIdempotent(
    async (asked: Asked, isHeld: boolean) => {
      if (isHeld) await held;
      return written(asked);
    },
    {
      name: 'Hostile.scoped',
      store,
      keepLocal: 10,
      wait: 0,
      scope: (asked: Asked) => asked.scope as string,
      key: (asked: Asked) => asked.key as string,
    },
  );
  // While the one is running, the other must neither wait for it nor be refused.
  const first = give(one, true);
  const met = await give(other, false).then(
    (value) => value,
    () => 'refused',
  );
  release?.();
  if ((await first) !== written(one)) throw new Violation('the first got the answer of another');
  if (isSame !== (met === 'refused'))
    throw new Violation(`two that are ${isSame ? 'equal' : 'not equal'} met`);
  if (!isSame && met !== written(other)) throw new Violation('the second got the answer of the first');
  if ((await give(one, false)) !== written(one)) throw new Violation('a replay is that of another');
  if ((await give(other, false)) !== written(other)) throw new Violation('a replay is that of another');
  await recordOf(give, one, false).forget();
  const left = await recordOf(give, other, false).inspect();
  if (isSame !== (left?.status === 'released')) throw new Violation('another can forget it');
  return isSame ? 'equal' : 'different';
}
