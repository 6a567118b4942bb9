/** A quantity after so many calls. */
export interface Point {
  readonly calls: number;
  readonly value: number;
}

/** What a quantity comes to over a run. */
export interface Trend {
  /** Between the first and the last sample. */
  readonly calls: number;
  readonly first: number;
  readonly last: number;
  /** By how much it grows with each call, as the middle of all pairs of points has it (Theil and Sen). */
  readonly slope: number;
  /** Between which slopes 95 in 100 pairs lie. */
  readonly from: number;
  readonly to: number;
}

/** The trend after the first third, in which everything is loaded, compiled and filled. */
export function trend(points: readonly Point[]): Trend {
  const steady = points.slice(Math.ceil(points.length / 3));
  const [first, last] = [steady[0], steady.at(-1)];
  if (!first || !last || steady.length < 4) throw new RangeError('a trend needs six points at the least');
  const slopes = steady
    .flatMap((one, index) =>
      steady.slice(index + 1).map((other) => (other.value - one.value) / (other.calls - one.calls)),
    )
    .sort((a, b) => a - b);
  const at = (part: number) => slopes[Math.floor(part * (slopes.length - 1))] as number;
  return {
    calls: last.calls - first.calls,
    first: first.value,
    last: last.value,
    slope: at(0.5),
    from: at(0.025),
    to: at(0.975),
  };
}
