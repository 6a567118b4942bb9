/** Where a spec that chances things begins: elsewhere in each run of CI, unless `SIMULATION_SEED` says where. */
export const seed = Number(
  process.env.SIMULATION_SEED ?? (process.env.CI ? Date.now() % 1_000_000 : 20_260_101),
);

/** Numbers from 0 to less than 1, the same for the same seed. */
export function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Puts things that stand in no order into another order. */
export type Shuffle = <T>(things: readonly T[]) => readonly T[];

/** A shuffle that gives the same order for the same seed. */
export function shuffler(start: number): Shuffle {
  const next = randomFrom(start);
  return (things) =>
    things
      .map((thing) => ({ thing, at: next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ thing }) => thing);
}
