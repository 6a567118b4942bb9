import { fail, skip } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';
import { isSuccess, type TargetRequest } from '../http-target.js';
import { respelledBody } from '../request-bodies.js';

/** The statuses of draft-07 §2.7. */
const ofTheDraft: readonly number[] = [400, 409, 422];

const reuseCompleted: HttpCheck = {
  id: 'reuse-completed',
  title: 'a used key with another payload is answered 422',
  section: 'draft-07 §2.7',
  level: 'SHOULD',
  async run(target) {
    await target.needOtherBody();
    const key = target.freshKey();
    await target.sendFirst({ key });
    const { status } = await target.send({ key, body: target.settings.otherBody });
    if (status !== 422) fail(`was answered ${status}; expected 422`);
  },
};

const reuseRunning: HttpCheck = {
  id: 'reuse-running',
  title: 'another payload for the key of a running request is answered 422 or 409',
  section: 'draft-07 §2.7',
  level: 'SHOULD',
  async run(target) {
    await target.needOtherBody();
    const key = target.freshKey();
    // Whichever comes first is the first request, and the other one is the reuse.
    const answers = await Promise.all([
      target.send({ ...target.slow, key }),
      target.send({ ...target.slow, key, body: target.settings.otherBody }),
    ]);
    const reuse = answers.find((answer) => !isSuccess(answer));
    if (!reuse) fail('both payloads were carried out');
    if (reuse.status !== 409 && reuse.status !== 422)
      fail(`was answered ${reuse.status}; expected 422 or 409`);
    if (!answers.some(isSuccess)) fail('neither payload was carried out');
  },
};

const refusedAgain: HttpCheck = {
  id: 'refused-again',
  title: 'a request that was refused and not corrected is refused again',
  section: 'draft-07 §2.7',
  level: 'MUST',
  async run(target) {
    const key = target.freshKey();
    await target.sendFirst({ key });
    const requests: readonly TargetRequest[] = [{}, { key, body: target.settings.otherBody }];
    let refused = 0;
    for (const request of requests) {
      if (!ofTheDraft.includes((await target.send(request)).status)) continue;
      refused += 1;
      const { status } = await target.send(request);
      if (!ofTheDraft.includes(status)) fail(`was answered ${status}; expected ${ofTheDraft.join(', ')}`);
    }
    if (refused === 0) skip('neither a request without a key nor a reused key is refused');
  },
};

const refusedEffect: HttpCheck = {
  id: 'refused-effect',
  title: 'a request that is refused has no effect',
  section: 'custom',
  level: 'custom',
  lacks: ({ effects }) => (effects ? undefined : 'no URL of effects'),
  async run(target) {
    const key = target.freshKey();
    await target.sendFirst({ key });
    const requests: readonly TargetRequest[] = [{}, { key: '"' }, { key, body: target.settings.otherBody }];
    let refused = 0;
    for (const request of requests) {
      const { value: answer, effects } = await target.countEffects(() => target.send(request));
      if (isSuccess(answer)) continue;
      refused += 1;
      if (effects !== 0) fail(`was answered ${answer.status}, and had ${effects} effects; expected 0`);
    }
    if (refused === 0) skip('neither a key that is missing or malformed nor a reused one is refused');
  },
};

const jsonSpelling: HttpCheck = {
  id: 'json-spelling',
  title: 'JSON with other white space and order of members is the same payload',
  section: 'custom',
  level: 'custom',
  lacks: ({ body }) => (respelledBody(body) ? undefined : 'the body is no JSON object'),
  async run(target) {
    const key = target.freshKey();
    const first = await target.sendFirst({ key });
    const body = respelledBody(target.settings.body) ?? target.settings.body;
    const { isReplay, answer } = await target.isReplay(first, { key, body });
    if (!isReplay) fail(`was answered ${answer.status}, and not by a replay`);
  },
};

const queryDiffers: HttpCheck = {
  id: 'query',
  title: 'a request with another query does not get the answer of the first one',
  section: 'custom',
  level: 'custom',
  async run(target) {
    const key = target.freshKey();
    const first = await target.sendFirst({ key });
    const url = new URL(target.settings.url);
    url.searchParams.append('another', '1');
    if ((await target.isReplay(first, { key, url })).isReplay) fail('was answered by a replay');
  },
};

/** What a key does not stand for. */
export const reuseChecks: readonly HttpCheck[] = [
  reuseCompleted,
  reuseRunning,
  refusedAgain,
  refusedEffect,
  jsonSpelling,
  queryDiffers,
];
