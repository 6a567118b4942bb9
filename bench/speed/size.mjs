import { section } from '../size/section.mjs';

/** Sizes and import times, which have a command of their own: it says itself which goals were met. */
export async function size({ isSmall, nodes }) {
  const text = await section({ runs: isSmall ? 1 : 7, nodes });
  return { markdown: text.replace(/^## .*\n+/, ''), goals: [], faults: [] };
}
