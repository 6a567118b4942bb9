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
  profile.samples.forEach((id, index) => {
    const frame = frames.get(id);
    const part = partOf(frame);
    if (part === undefined) return;
    const time = profile.timeDeltas[index] / count;
    const functions = parts.get(part) ?? new Map();
    parts.set(part, functions.set(frame.functionName, (functions.get(frame.functionName) ?? 0) + time));
  });
  return [...parts].map(([part, functions]) => ({
    part,
    time: [...functions.values()].reduce((one, other) => one + other, 0),
    functions: [...functions]
      .sort(([, one], [, other]) => other - one)
      .slice(0, 4)
      .map(([name]) => name || '(anonymous)'),
  }));
}

const files = [
  [/\/dist\/esm\//, 'the library'],
  [/\/(@aws-lambda-powertools|contenders)\//, 'the library'],
  [/\/node_modules\/(@aws-sdk|@aws-crypto|@smithy)\//, 'AWS SDK'],
  [
    /^node:internal\/(async_hooks|promise_hooks|async_local_storage|async_context_frame)/,
    'Node.js: hooks of promises',
  ],
  [/^node:async_hooks/, 'Node.js: hooks of promises'],
  [/^node:(internal\/crypto|crypto|buffer|internal\/buffer)/, 'Node.js: hashes and bytes'],
  [/^node:(internal\/timers|timers)/, 'Node.js: timers'],
  [/^node:/, 'Node.js: all others'],
  [/\/node_modules\//, 'other packages'],
];

// What the measuring itself does is in no part.
function partOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(idle)' || functionName === 'dispatch' || url === 'node:inspector') return undefined;
  if (url === '') return 'Node.js: native code';
  return files.find(([pattern]) => pattern.test(url))?.[1] ?? 'the measured method, and the loop around it';
}
