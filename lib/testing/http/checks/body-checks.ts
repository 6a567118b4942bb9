import { fail, skip } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';
import { isSuccess } from '../http-target.js';
import { everyByte, type RequestBody } from '../request-bodies.js';
import { answerDifference } from '../same-answer.js';

const largeBodyReplay: HttpCheck = {
  id: 'large-body-replay',
  title: 'a retry with a large body gets the first answer',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  lacks: ({ largeBodies }) => (largeBodies ? undefined : lacksLarge),
  async run(target) {
    const [body] = target.settings.largeBodies ?? fail(lacksLarge);
    const request = { key: target.freshKey(), body };
    const first = await target.send(request);
    if (!isSuccess(first)) skip(refusedLarge(body, first.status));
    const difference = answerDifference(first, await target.send(request));
    if (difference) fail(`got ${difference}`);
  },
};

const largeBodyReuse: HttpCheck = {
  id: 'large-body-reuse',
  title: 'a used key with a large body that differs in one of its last bytes is answered 422',
  section: 'draft-07 §2.7',
  level: 'SHOULD',
  lacks: ({ largeBodies }) => (largeBodies ? undefined : lacksLarge),
  async run(target) {
    const [body, otherBody] = target.settings.largeBodies ?? fail(lacksLarge);
    const key = target.freshKey();
    const first = await target.send({ key, body });
    if (!isSuccess(first)) skip(refusedLarge(body, first.status));
    const { status } = await target.send({ key, body: otherBody });
    if (status !== 422) fail(`was answered ${status}; expected 422`);
  },
};

const binaryReplay: HttpCheck = {
  id: 'binary-replay',
  title: 'a retry of a binary request gets the bytes of the first answer',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  lacks: ({ binaryUrl }) => (binaryUrl ? undefined : 'no binaryUrl'),
  async run(target) {
    const { binaryUrl: url = target.settings.url } = target.settings;
    const [first, second] = await target.sendTwice({ key: target.freshKey(), url, body: everyByte(0xff) });
    const difference = answerDifference(first, second);
    if (difference) fail(`got ${difference}`);
  },
};

const binaryReuse: HttpCheck = {
  id: 'binary-reuse',
  title: 'a used key with other bytes, which are no text, is answered 422',
  section: 'draft-07 §2.7',
  level: 'SHOULD',
  lacks: ({ binaryUrl }) => (binaryUrl ? undefined : 'no binaryUrl'),
  async run(target) {
    const { binaryUrl: url = target.settings.url } = target.settings;
    const key = target.freshKey();
    await target.sendFirst({ key, url, body: everyByte(0xff) });
    const { status } = await target.send({ key, url, body: everyByte(0xfe) });
    if (status !== 422) fail(`was answered ${status}; expected 422`);
  },
};

const lacksLarge = 'the body is no JSON object that a member can be added to; give a largeBody';

function refusedLarge({ bytes }: RequestBody, status: number): string {
  return `a first request of ${bytes.length} bytes was answered ${status}; give another largeBody or largeBodyBytes`;
}

/** Bodies that a server may not look at as a whole, or not as bytes. */
export const bodyChecks: readonly HttpCheck[] = [largeBodyReplay, largeBodyReuse, binaryReplay, binaryReuse];
