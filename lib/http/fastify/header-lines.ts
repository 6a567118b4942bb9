import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HeaderLine } from '../core/recorded-response.js';

/** Returns the lines of a header of a request. Node.js joins those that it does not drop. */
export function requestLines(request: FastifyRequest, name: string): readonly string[] {
  const value = request.headers[name];
  if (value === undefined) return [];
  if (typeof value !== 'string') return value;
  // A hook may have set the header, or replaced it.
  if (!value.includes(',')) return [value];
  const { rawHeaders } = request.raw;
  const lines = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  return lines.length > 1 ? lines : [value];
}

/** Returns the header lines of a reply, as they stand. */
export function replyLines(reply: FastifyReply): readonly HeaderLine[] {
  const lines: HeaderLine[] = [];
  const headers = reply.getHeaders();
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) for (const line of value) lines.push([name, String(line)]);
    else if (value !== undefined) lines.push([name, String(value)]);
  }
  return lines;
}

/** Sets header lines, each in place of those of its name. */
export function setLines(reply: FastifyReply, lines: readonly HeaderLine[]): void {
  const values = new Map<string, string[]>();
  for (const [line, value] of lines) {
    const name = line.toLowerCase();
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  for (const [name, all] of values) {
    // Otherwise Fastify adds a cookie to those that stand.
    reply.removeHeader(name);
    reply.header(name, all.length === 1 ? all[0] : all);
  }
}

/** Lets the header lines of a reply be those that stood before. */
export function resetLines(reply: FastifyReply, before: readonly HeaderLine[]): void {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
  setLines(reply, before);
}
