import { section } from '../size/section.mjs';

/** Sizes and import times, which have a command of their own as well. */
export async function size({ isSmall, nodes }) {
  return { ...(await section({ runs: isSmall ? 1 : 7, nodes })), faults: [] };
}
