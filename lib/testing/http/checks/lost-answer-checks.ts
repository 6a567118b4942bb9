import { fail } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';
import { isSuccess } from '../http-target.js';
import { answerDifference, changedHeaders } from '../same-answer.js';

const lostAnswer: HttpCheck = {
  id: 'lost-answer',
  title: 'a client that hangs up before the answer and retries has one effect, and gets one answer',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  lacks: ({ effects }) => (effects ? undefined : 'no URL of effects'),
  async run(target) {
    const request = { ...target.slow, key: target.freshKey() };
    const { value: answers, effects } = await target.countEffects(async () => {
      await target.sendAndHangUp(request);
      return [await target.settle(request), await target.settle(request)] as const;
    });
    const [second, third] = answers;
    if (!isSuccess(second))
      fail(`the retry was answered ${second.status}; expected it to be carried out once`);
    const difference = answerDifference(second, third);
    if (difference) fail(`the next retry got ${difference}`);
    if (effects !== 1) fail(`had ${effects} effects; expected 1`);
  },
};

const lostBody: HttpCheck = {
  id: 'lost-body',
  title: 'a client that hangs up at the head of the answer and retries gets the same answer',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  async run(target) {
    const request = { key: target.freshKey() };
    const { value, effects = 1 } = await target.countEffects(async () => ({
      head: await target.readHeadAndHangUp(request),
      second: await target.settle(request),
      third: await target.settle(request),
    }));
    const { head, second, third } = value;
    if (second.status !== head.status)
      fail(`the retry was answered ${second.status}; expected ${head.status}`);
    const changed = changedHeaders(head, second, target.changeableHeaders);
    if (changed.length > 0) fail(`the retry lost or changed ${changed.join(', ')}`);
    const difference = answerDifference(second, third);
    if (difference) fail(`the next retry got ${difference}`);
    if (effects !== 1) fail(`had ${effects} effects; expected 1`);
  },
};

/** What becomes of answers that do not arrive. */
export const lostAnswerChecks: readonly HttpCheck[] = [lostAnswer, lostBody];
