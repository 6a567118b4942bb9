import { bytes } from './table.mjs';

/** How large our own code should be at most, minified. */
const LARGEST_OWN = 25_000;

/** What was aimed at, and whether this run met it. */
export function goals(parts, imports) {
  const sizes = parts
    .filter(({ library, what }) => library === 'retrysafe' && what.startsWith('root'))
    .map(({ what, own }) =>
      goal(`own code of ${what}, at most ${bytes(LARGEST_OWN)}`, own <= LARGEST_OWN, bytes(own)),
    );
  const times = imports.map(({ what, format, ratio }) =>
    goal(
      `import of the ${what}, ${format}: no slower than AWS Powertools`,
      ratio.median <= 1,
      `${ratio.median.toFixed(2)} of its time`,
    ),
  );
  return [...sizes, ...times].join('\n');
}

function goal(what, isMet, figure) {
  return `- ${isMet ? 'met' : '**missed**'}: ${what}: ${figure}`;
}
