import sinon from 'sinon';

/** Fakes the time of both clocks and of timers; nothing of Node.js's own (`nextTick` would hang asynchronous zlib). */
export function fakeTime(now = Date.UTC(2026, 0, 1)): sinon.SinonFakeTimers {
  return sinon.useFakeTimers({
    now,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
}
