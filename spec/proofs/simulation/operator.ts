import { type RecordHandle, type RecordView, recordOf } from 'retrysafe';
import { decisionAtHand } from './call-at-hand.js';
import type { Decision } from './decision-rules.js';
import { endingOf, told } from './endings.js';
import type { Decisive } from './history.js';
import type { Args } from './operation.js';
import { valueWith } from './results.js';
import type { SimulatedProcess, World } from './world.js';

/** Decides about a key, as an operator's program does: at once, or about the version that it has read a while ago. */
export function decide(world: World, { host, call }: SimulatedProcess, act: Decisive): Promise<void> {
  const { checker } = world;
  const decision = checker.decisions.begins(host, act);
  const args: Args = [act.key, -1, 0];
  return decisionAtHand.run(decision, async () => {
    const handle = recordOf(call, ...args);
    if (act.considers !== undefined) {
      const seen = await endingOf(handle.inspect());
      if ('error' in seen || seen.value === undefined) {
        checker.counted(`inspect: ${'error' in seen ? 'failed' : 'no record'}`);
        return;
      }
      checker.decisions.seen(decision, seen.value as RecordView);
      await new Promise((resolve) => setTimeout(resolve, act.considers));
    }
    await carryOut(world, handle, decision, act);
  });
}

async function carryOut(
  { checker, trace, history }: World,
  handle: RecordHandle,
  decision: Decision,
  act: Decisive,
): Promise<void> {
  const { host, token } = decision;
  const { key, isForced, by, reason } = act;
  checker.decisions.decides(decision);
  const common = { force: isForced, ...(by && { by }), ...(reason && { reason }), ...(token && { token }) };
  const marks = checker.marksOf(key);
  const begun = act.kind === 'forget' ? handle.forget(common) : handle.resolve(decided());
  const ending = await endingOf(begun);
  trace.note(host.name, () => `${act.kind} ends with ${told(ending)}`);
  if (act.kind === 'forget' && 'value' in ending && ending.value === true)
    checker.forgotten.push({ host, at: checker.clock.now, marks });
  checker.decisions.ended(decision, ending);

  function decided() {
    if (act.kind === 'forget' || act.as === 'run-again') return { ...common, as: 'run-again' as const };
    const ttl = act.ttl === undefined ? {} : { ttl: act.ttl };
    if (act.as === 'refuse') return { ...common, ...ttl, as: act.as };
    const mark = `result ${checker.results.size};`;
    const value = valueWith(mark, act.value, history.options.codec);
    checker.results.set(mark, { mark, key, call: undefined, content: { value } });
    decision.mark = mark;
    return { ...common, ...ttl, as: act.as, value };
  }
}
