import { fail, skip } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';
import { isSuccess } from '../http-target.js';
import { answerDifference, valuesOf } from '../same-answer.js';

const concurrentAnswers: HttpCheck = {
  id: 'concurrent-answers',
  title: 'copies of a request that is running are answered 409, or as the request is',
  section: 'draft-07 §2.6, §2.7',
  level: 'SHOULD',
  async run(target) {
    const request = { ...target.slow, key: target.freshKey() };
    const answers = await target.sendCopies(request);
    const settled = await target.settle(request);
    const wrong = answers.find((answer) => !isSuccess(answer) && answer.status !== 409);
    if (wrong)
      fail(`one of ${answers.length} copies was answered ${wrong.status}; expected 409 or the answer`);
    if (!answers.some(isSuccess)) fail(`none of ${answers.length} copies was carried out`);
    for (const answer of answers.filter(isSuccess)) {
      const difference = answerDifference(settled, answer);
      if (difference) fail(`one of ${answers.length} copies got an answer of its own: ${difference}`);
    }
  },
};

const concurrentEffect: HttpCheck = {
  id: 'concurrent-effect',
  title: 'copies of a request at once have one effect',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  lacks: ({ effects }) => (effects ? undefined : 'no URL of effects'),
  async run(target) {
    const request = { ...target.slow, key: target.freshKey() };
    const { effects } = await target.countEffects(async () => {
      await target.sendCopies(request);
      await target.settle(request);
    });
    if (effects !== 1) fail(`had ${effects} effects; expected 1`);
  },
};

const retryAfter: HttpCheck = {
  id: 'retry-after',
  title: 'an answer 409 says in seconds when to retry',
  section: 'custom, RFC 9110 §10.2.3',
  level: 'custom',
  async run(target) {
    const conflicts = await target.conflicts();
    if (conflicts.length === 0)
      skip(
        'no copy of a request was answered 409: copies wait, or the operation is quick; give slowBody or slowUrl',
      );
    for (const conflict of conflicts) {
      const [value, ...others] = valuesOf(conflict, 'retry-after');
      if (value === undefined) fail('has no Retry-After');
      if (others.length > 0 || !/^\d+$/.test(value)) fail('has a Retry-After that is no number of seconds');
    }
  },
};

/** What copies of a request get that are sent at once. */
export const concurrencyChecks: readonly HttpCheck[] = [concurrentAnswers, concurrentEffect, retryAfter];
