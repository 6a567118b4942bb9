import { storyOf } from './story.js';
import type { World } from './world.js';

/** Returns the error for a call that never ends. */
export function stuck(world: World): Error {
  const waiting = world.calls.filter(({ end }) => !end).map(({ name }) => name);
  return new Error(
    [
      `crashTest: ${waiting.join(' and ')} never ended: it waits for what no effect, timer or store operation brings. What one process waits for in the memory of another one is lost with that: make the service in \`start\`, so that each process has its own.`,
      ...storyOf(world.happenings).map((sentence) => `  ${sentence}`),
    ].join('\n'),
  );
}
