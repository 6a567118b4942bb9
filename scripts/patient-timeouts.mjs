// A timeout of a test is there to end what hangs. CI runs more specs at a time than there are processors, on machines that may be
// slow, so there each is four times as long. mocha requires this file.
import mocha from 'mocha';

const patience = 4;
const { prototype } = mocha.Runnable;
const { timeout } = prototype;

/** Sets or gets the timeout of a test or hook: its own or its suite's, which a suite hands on by this method. */
prototype.timeout = function (...limit) {
  const [ms] = limit;
  return timeout.apply(this, typeof ms === 'number' ? [ms * patience] : limit);
};
