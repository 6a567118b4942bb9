const beat = 100;
const longestBeat = 250;

/** Tells when this process stood still for a while, whatever stopped it: between which instants. Returns what ends that. */
export function onStandstill(hear: (from: number, to: number) => void): () => void {
  let last = Date.now();
  const heart = setInterval(() => {
    const from = last;
    last = Date.now();
    if (last - from > longestBeat) hear(from, last);
  }, beat);
  return () => clearInterval(heart);
}
