import { fail } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';
import { answerDifference, bodyDifference, changedHeaders, valuesOf } from '../same-answer.js';

const replayStatus: HttpCheck = {
  id: 'replay-status',
  title: 'a retry gets the status of the first answer',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  async run(target) {
    const [first, second] = await target.sendTwice({ key: target.freshKey() });
    if (second.status !== first.status) fail(`was answered ${second.status}; expected ${first.status}`);
  },
};

const replayHeaders: HttpCheck = {
  id: 'replay-headers',
  title: 'a retry gets the header fields of the first answer',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  async run(target) {
    const [first, second] = await target.sendTwice({ key: target.freshKey() });
    const changed = changedHeaders(first, second, target.changeableHeaders);
    if (changed.length > 0) fail(`lost or changed: ${changed.join(', ')}`);
  },
};

const replayBody: HttpCheck = {
  id: 'replay-body',
  title: 'a retry gets the bytes of the first answer',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  async run(target) {
    const [first, second] = await target.sendTwice({ key: target.freshKey() });
    const difference = bodyDifference(first, second);
    if (difference) fail(`got ${difference}`);
  },
};

const replayEffect: HttpCheck = {
  id: 'replay-effect',
  title: 'retries have no effect',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  lacks: ({ effects }) => (effects ? undefined : 'no URL of effects'),
  async run(target) {
    const key = target.freshKey();
    const { effects } = await target.countEffects(async () => {
      for (let count = 0; count < 3; count += 1) await target.send({ key });
    });
    if (effects !== 1) fail(`three requests of one key had ${effects} effects; expected 1`);
  },
};

const replayError: HttpCheck = {
  id: 'replay-error',
  title: 'a retry gets a final error again',
  section: 'draft-07 §2.6',
  level: 'SHOULD',
  lacks: ({ errorBody }) => (errorBody ? undefined : 'no errorBody'),
  async run(target) {
    const { errorBody: body = target.settings.body } = target.settings;
    const request = { key: target.freshKey(), body };
    const first = await target.send(request);
    if (first.status < 400) fail(`errorBody was answered ${first.status}; expected an error`);
    const difference = answerDifference(first, await target.send(request));
    if (difference) fail(`got ${difference}`);
  },
};

const markerOnReplay: HttpCheck = {
  id: 'marker-on-replay',
  title: 'a replay is marked as one',
  section: 'custom',
  level: 'custom',
  async run(target) {
    const [, second] = await target.sendTwice({ key: target.freshKey() });
    const { marker } = target.settings;
    if (!target.isMarked(second))
      fail(
        `a retry was answered ${valuesOf(second, marker).length} lines of ${marker}; expected ${marker}: true`,
      );
  },
};

const markerOnFirst: HttpCheck = {
  id: 'marker-on-first',
  title: 'a first answer is not marked as a replay',
  section: 'custom',
  level: 'custom',
  async run(target) {
    const { marker } = target.settings;
    if (target.isMarked(await target.sendFirst({ key: target.freshKey() })))
      fail(`a first request was answered with ${marker}: true`);
  },
};

/** What a retry gets after the first request was answered. */
export const replayChecks: readonly HttpCheck[] = [
  replayStatus,
  replayHeaders,
  replayBody,
  replayEffect,
  replayError,
  markerOnReplay,
  markerOnFirst,
];
