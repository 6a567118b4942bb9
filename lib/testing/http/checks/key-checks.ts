import { fail, skip } from '../check-end.js';
import type { ConformanceSettings } from '../conformance-settings.js';
import type { HttpCheck } from '../http-check.js';
import type { HttpTarget } from '../http-target.js';

/**
 * Values of the field that are no structured-field string, and no bare value either: a text without the quotes that clients
 * leave out. RFC 9651 §4.2.5 has the rules of a string. A comma separates two values that an intermediary joined.
 */
const malformedValues: Readonly<Record<string, (id: string) => string>> = {
  'a quote that is not closed': (id) => `"${id}`,
  'text after the closing quote': (id) => `"${id}"tail`,
  'two strings': (id) => `"${id}" "${id}"`,
  'a backslash that escapes neither a quote nor a backslash': (id) => `"${id}\\n"`,
  'a character beyond ASCII': (id) => `"${id}\u00e9"`,
  'two bare values with a comma': (id) => `${id}, ${id}`,
};

function lacksRequired({ required }: ConformanceSettings): string | undefined {
  return required ? undefined : 'the operation does not demand a key, so it may ignore this one';
}

const keyMissing: HttpCheck = {
  id: 'key-missing',
  title: 'a request without a key is answered 400',
  section: 'draft-07 §2.7',
  level: 'SHOULD',
  lacks: ({ required }) => (required ? undefined : 'the operation does not demand a key'),
  async run(target) {
    expectStatus(await target.send(), 400);
  },
};

const keyEmpty: HttpCheck = {
  id: 'key-empty',
  title: 'a key field without a value is refused',
  section: 'draft-07 §2.1, RFC 9651 §4.2',
  level: 'MUST',
  lacks: lacksRequired,
  async run(target) {
    await expectRefused(target, '');
  },
};

const keyMalformed: HttpCheck = {
  id: 'key-malformed',
  title: 'a malformed key is refused',
  section: 'draft-07 §2.1, RFC 9651 §4.2',
  level: 'MUST',
  lacks: lacksRequired,
  async run(target) {
    for (const [what, valueFor] of Object.entries(malformedValues))
      await expectRefused(target, valueFor(crypto.randomUUID()), `${what}: `);
  },
};

const keySeveralLines: HttpCheck = {
  id: 'key-several-lines',
  title: 'several lines of the key are refused',
  section: 'draft-07 §2.1, RFC 9651 §4.2',
  level: 'MUST',
  lacks: lacksRequired,
  async run(target) {
    await expectRefused(target, [target.freshKey(), target.freshKey()]);
  },
};

const keyRefusalStatus: HttpCheck = {
  id: 'key-refusal-status',
  title: 'a key that cannot be read is answered 400',
  section: 'draft-07 §2.7',
  level: 'SHOULD',
  lacks: lacksRequired,
  async run(target) {
    const values = ['', `"${crypto.randomUUID()}`, [target.freshKey(), target.freshKey()]];
    let refused = 0;
    for (const key of values) {
      const answer = await target.send({ key });
      // Those that are accepted fail a check of their own.
      if (answer.status < 400) continue;
      refused += 1;
      expectStatus(answer, 400);
    }
    if (refused === 0) skip('no such key is refused');
  },
};

const keyEmptyString: HttpCheck = {
  id: 'key-empty-string',
  title: 'a key of no characters is answered 400',
  section: 'custom',
  level: 'custom',
  async run(target) {
    expectStatus(await target.send({ key: '""' }), 400);
  },
};

const keyTooLong: HttpCheck = {
  id: 'key-too-long',
  title: 'a key that is too long is answered 400',
  section: 'custom',
  level: 'custom',
  async run(target) {
    const id = crypto.randomUUID();
    const length = target.settings.maxKeyLength + 1;
    expectStatus(await target.send({ key: `"${id.padEnd(length, 'x').slice(0, length)}"` }), 400);
  },
};

const keyBare: HttpCheck = {
  id: 'key-bare',
  title: 'a key without its quotes is the same key',
  section: 'custom',
  level: 'custom',
  async run(target) {
    const id = crypto.randomUUID();
    const first = await target.sendFirst({ key: `"${id}"` });
    const { isReplay, answer } = await target.isReplay(first, { key: id });
    if (!isReplay)
      fail(`the bare value of a key that was used was answered ${answer.status}, and not by a replay`);
  },
};

function expectStatus({ status }: { readonly status: number }, expected: number): void {
  if (status !== expected) fail(`was answered ${status}; expected ${expected}`);
}

async function expectRefused(target: HttpTarget, key: string | readonly string[], what = ''): Promise<void> {
  const { status } = await target.send({ key });
  if (status < 400 || status >= 500) fail(`${what}was answered ${status}; expected 400`);
}

/** What a server takes for a key. */
export const keyChecks: readonly HttpCheck[] = [
  keyMissing,
  keyEmpty,
  keyMalformed,
  keySeveralLines,
  keyRefusalStatus,
  keyEmptyString,
  keyTooLong,
  keyBare,
];
