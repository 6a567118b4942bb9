import { BEGINNING } from './happening.js';
import { storyOf } from './story.js';
import { seconds } from './words.js';
import type { World } from './world.js';

/** Returns the error for calls that go on and on where nothing fails. */
export function endless(world: World, steps: number): Error {
  const time = seconds(world.now - BEGINNING);
  return new Error(
    `crashTest: ${waitingIn(world) || 'a process'} went on for ${time} of the test's time and ${steps} steps, though nothing failed, and was given up. Let the method end, or what it waits for happen.`,
  );
}

/** Returns the error for a call that never ends. */
export function stuck(world: World): Error {
  return new Error(
    [
      `crashTest: ${waitingIn(world)} never ended: it waits for what no effect, timer or store operation brings. What one process waits for in the memory of another one is lost with that: make the service in \`start\`, so that each process has its own.`,
      ...storyOf(world.happenings).map((sentence) => `  ${sentence}`),
    ].join('\n'),
  );
}

function waitingIn({ calls }: World): string {
  const waiting = calls.filter(({ end }) => !end);
  return waiting.map(({ name }) => name).join(' and ');
}
