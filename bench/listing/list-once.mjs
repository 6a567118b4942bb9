// Lists the records of one store, in a process that does nothing else, and sends what that took to its parent.
import { rare } from './states.mjs';
import { stores } from './stores.mjs';

/** How often what is quick is measured. The median counts. */
const TIMES = 5;

const [kind, place, count] = process.argv.slice(2);
const records = Number(count);
const { store, close } = await stores[kind].open(JSON.parse(place), records);
globalThis.gc();
const before = process.memoryUsage().rss;
let peak = before;

// What is done once, such as a connection and what the compiler does.
await walk({ limit: 1_000, prefix: 'PreFundService.placeHold#0' });

const plans = {
  unknown: (await store.planRecords({ status: 'unknown' })).by,
  abandoned: (await store.planRecords({ status: 'abandoned' })).by,
};
const unknown = await timed(plans.unknown === 'index' ? TIMES : 1, () => found({ status: 'unknown' }));
const page = await timed(TIMES, () => store.records({ limit: 100 }));
const abandoned = await timed(1, () => found({ status: 'abandoned' }));
const all = await timed(1, async () => {
  const listed = await walk({ limit: 1_000 });
  if (listed < records) throw new Error(`${kind} lists ${listed} of ${records} records`);
});
await close();
process.send({ unknown, page, abandoned, all, growth: peak - before, plans });

async function walk(query) {
  let listed = 0;
  let cursor;
  do {
    const page = await store.records({ ...query, ...(cursor && { cursor }) });
    listed += page.records.length;
    cursor = page.cursor;
    peak = Math.max(peak, process.memoryUsage().rss);
  } while (cursor);
  return listed;
}

async function found(query) {
  const listed = await walk(query);
  if (listed !== rare) throw new Error(`${kind} finds ${listed} of ${rare} records`);
}

/** Returns the median of the times, in milliseconds. */
async function timed(times, run) {
  const taken = [];
  for (let time = 0; time < times; time += 1) {
    const begun = performance.now();
    await run();
    taken.push(performance.now() - begun);
  }
  return taken.sort((one, other) => one - other)[Math.floor(times / 2)];
}
