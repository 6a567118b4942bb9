import { existsSync, readFileSync } from 'node:fs';

const file = '/proc/thread-self/schedstat';
const isCounted = existsSync(file);

/**
 * Microseconds for which a processor has run this thread. What else the machine does is in the time on the clock, and what
 * compiles and collects garbage beside this thread is in the CPU time of the process. On a system that does not count it, this
 * is the clock.
 */
export function threadTime() {
  if (!isCounted) return performance.now() * 1e3;
  // To ask for the CPU time of the process brings that of the thread up to date.
  process.cpuUsage();
  const [nanoseconds] = readFileSync(file, 'utf8').split(' ');
  return Number(nanoseconds) / 1e3;
}
