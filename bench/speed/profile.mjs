import { Session } from 'node:inspector/promises';

const interval = 100;

/** Where the time of `work` goes: microseconds for each of `count` calls, by part, with the functions that have most of it. */
export async function profiled(work, count) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval });
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();

  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map();
  let total = 0;
  profile.samples.forEach((id, index) => {
    const frame = frames.get(id);
    const part = partOf(frame);
    if (part === undefined) return;
    const time = profile.timeDeltas[index] / count;
    const functions = parts.get(part) ?? new Map();
    parts.set(part, functions.set(frame.functionName, (functions.get(frame.functionName) ?? 0) + time));
    total += time;
  });
  const sum = (functions) => [...functions.values()].reduce((one, other) => one + other, 0);
  return [...parts]
    .map(([part, functions]) => ({
      part,
      time: sum(functions),
      share: sum(functions) / total,
      functions: [...functions]
        .sort(([, one], [, other]) => other - one)
        .slice(0, 3)
        .map(([name]) => name || '(anonymous)'),
    }))
    .sort((one, other) => other.time - one.time);
}

// What the measuring itself does is in no part.
function partOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(idle)' || functionName === 'dispatch' || url === 'node:inspector') return undefined;
  if (url === '') return 'Node.js: native code';
  const [, own] = url.match(/\/dist\/esm\/(.+)\.js$/) ?? [];
  if (own) return `retrysafe: ${own}`;
  const [, dependency] = url.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//) ?? [];
  if (dependency) return dependency;
  const [, node] = url.match(/^node:(.+)$/) ?? [];
  return node ? `Node.js: ${node}` : 'the measured method, and the loop around it';
}
