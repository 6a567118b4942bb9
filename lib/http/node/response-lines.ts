import type { ClientRequest, ServerResponse } from 'node:http';
import type { HeaderLine } from '../core/recorded-response.js';

/** Returns the header lines of a response, as far as they are set. */
export function linesOf(res: ServerResponse): readonly HeaderLine[] {
  const lines: HeaderLine[] = [];
  // Node's own types know this method for requests only.
  for (const name of (res as unknown as ClientRequest).getRawHeaderNames()) {
    const value = res.getHeader(name);
    if (Array.isArray(value)) for (const one of value) lines.push([name, String(one)]);
    else lines.push([name, String(value)]);
  }
  return lines;
}

/** Sets header lines, in place of those that have such a name. */
export function setLines(
  res: ServerResponse,
  lines: Iterable<readonly [name: string, value: unknown]>,
): void {
  const values = new Map<string, [name: string, ...values: unknown[]]>();
  for (const [name, value] of lines) {
    const known = values.get(name.toLowerCase());
    if (known) known.push(...[value].flat());
    else values.set(name.toLowerCase(), [name, ...[value].flat()]);
  }
  for (const [name, ...all] of values.values())
    res.setHeader(name, (all.length === 1 ? all[0] : all) as string | string[]);
}

/** Makes the headers of a response what they were, and its status that of a new one. */
export function resetHead(res: ServerResponse, lines: readonly HeaderLine[]): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  // To remove a date means to want none.
  res.sendDate = true;
  setLines(res, lines);
  res.statusCode = 200;
  res.statusMessage = undefined as unknown as string;
}
