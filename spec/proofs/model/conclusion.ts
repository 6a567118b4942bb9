import { choicesIn, take } from './choices.js';
import { times } from './scenario.js';
import type { World } from './world.js';

/**
 * What holds at the end of each history: every call has ended, and a new call gets the one outcome, or what the policy says
 * about a lost one. Returns what it broke, if anything.
 */
export function conclude(end: World): string | undefined {
  const world = end.copy();
  callOnceMore(world);
  return world.violation;
}

function callOnceMore(world: World): void {
  const stuck = world.callers.filter(({ facts, state }) => state === 'calling' && !facts.isLast);
  if (stuck.length > 0) {
    const calls = stuck.map(({ facts }) => facts.index).join(', ');
    return world.invariants.fails('every call ends', `call ${calls} waits for nothing`);
  }
  const last = world.caller(world.callers.findIndex(({ facts }) => facts.isLast && !facts.isInner));
  const end = world.now + times.lease + times.clockTolerance + 2 * times.skew + 2_000;
  world.begin(last);
  while (last.state === 'calling' && world.now < end && !world.violation) {
    const choice = choicesIn(world).find(({ kind }) => kind !== 'begin' && kind !== 'end');
    if (!choice) break;
    take(world, choice);
  }
  const { onAbandoned, maxAttempts } = world.setting.rules;
  const isRefused =
    (onAbandoned === 'refuse' && world.lastError === 'unknown') ||
    (maxAttempts !== Number.POSITIVE_INFINITY && world.lastError === 'exhausted');
  if (last.state === 'calling' || (world.lastError && !isRefused))
    world.invariants.fails(
      'no key stays in progress after its lease',
      `a call gets ${world.lastError ?? 'no answer'}`,
    );
}
