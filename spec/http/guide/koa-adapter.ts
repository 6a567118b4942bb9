import { Readable } from 'node:stream';
import { guardResponse, HttpGuard, type HttpOptions } from 'retrysafe/http';

/** What of Koa's context the adapter uses. */
interface Context {
  readonly method: string;
  readonly path: string;
  readonly querystring: string;
  readonly request: { readonly headers: NodeJS.Dict<string | string[]>; readonly body?: unknown };
  readonly response: { readonly headers: NodeJS.Dict<number | string | string[]> };
  status: number;
  body: unknown;
  remove(name: string): void;
  append(name: string, value: string): void;
}

const linesOf = (headers: NodeJS.Dict<number | string | string[]>) =>
  Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((line) => [name, String(line)] as const),
  );

export function idempotency<C extends Context>(options: HttpOptions<C>) {
  const guard = new HttpGuard(options, { where: 'idempotency (koa)', isRequired: true });
  return async (ctx: C, next: () => Promise<unknown>): Promise<void> => {
    const { method, path, querystring: query } = ctx;
    const header = (name: string) => [ctx.request.headers[name] ?? []].flat();
    // koa-bodyparser has read it. Without a parser, the bytes would have to be read here.
    const body = () => ({ kind: 'parsed', value: ctx.request.body }) as const;
    const request = { method, path, query, header, body };
    if (!guard.concerns(request)) return void (await next());
    const handle = async () => {
      await next();
      const { status, body } = ctx;
      const isJson = typeof body === 'object' && !(body instanceof Readable) && !Buffer.isBuffer(body);
      const whole = isJson && body !== null ? JSON.stringify(body) : body;
      return new Response(whole as string, {
        status,
        headers: linesOf(ctx.response.headers) as [string, string][],
      });
    };
    const before = linesOf(ctx.response.headers);
    const {
      status,
      headers,
      body: answer,
    } = await guardResponse({ guard, request, args: [ctx], before, handle });
    ctx.status = status;
    ctx.body = answer && Readable.fromWeb(answer as import('node:stream/web').ReadableStream);
    for (const name of headers.keys()) ctx.remove(name);
    for (const [name, value] of headers) ctx.append(name, value);
  };
}
