import { readFileSync } from 'node:fs';

/** Whether a process runs. A zombie, which has ended but was not awaited, does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // It ended just now, or this system tells it in another way.
    return process.platform !== 'linux';
  }
}
