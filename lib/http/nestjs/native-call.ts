import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from '../core/guarded-request.js';
import { nodeRequest, type ParsedBody } from '../node/node-request.js';
import { metadataOf } from './metadata.js';

/** A request of Express, or of Fastify, which has Node's under `raw`. */
interface PlatformRequest extends ParsedBody {
  readonly raw?: IncomingMessage;
  readonly originalUrl: string;
  readonly baseUrl?: string;
  readonly route?: { readonly path: unknown };
  readonly routeOptions?: { readonly url?: string };
}

/** A response of Express, or a reply of Fastify. */
export type PlatformResponse = ServerResponse | FastifyReply;

/** What is used of Fastify's reply. */
export interface FastifyReply {
  readonly raw: ServerResponse;
  getHeaders(): Readonly<Record<string, number | string | string[]>>;
  code(status: number): this;
  headers(headers: Readonly<Record<string, string>>): this;
  send(payload: unknown): this;
}

/** A call of a route, as the platform has it. */
export interface NativeCall {
  /** The platform's own, which options that are functions get. */
  readonly request: unknown;
  readonly response: PlatformResponse;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly guarded: GuardedRequest;
}

export function isFastifyReply(response: PlatformResponse): response is FastifyReply {
  return 'raw' in response;
}

export function nativeResponse(response: PlatformResponse): ServerResponse {
  return isFastifyReply(response) ? response.raw : response;
}

/** Returns the call that an interceptor is asked about. */
export function nativeCall(context: ExecutionContext): NativeCall {
  const http = context.switchToHttp();
  const request = http.getRequest<PlatformRequest>();
  const response = http.getResponse<PlatformResponse>();
  const req = request.raw ?? (request as unknown as IncomingMessage);
  const guarded = nodeRequest(req, {
    route: patternOf(request, context),
    url: request.originalUrl,
    parsed: () => parsedBody(request),
  });
  return { request, response, req, res: nativeResponse(response), guarded };
}

/** Nest gives a platform whole paths: with the global prefix, the version and those of modules. */
function patternOf({ route, baseUrl = '', routeOptions }: PlatformRequest, context: ExecutionContext) {
  const path = route ? `${baseUrl}${route.path}` : routeOptions?.url;
  const version =
    metadataOf('__version__', context.getHandler()) ?? metadataOf('__version__', context.getClass());
  const versions = [version].flat().filter((one): one is string => typeof one === 'string');
  // A version that a header names is in no path.
  const isInPath = path?.split('/').some((part) => versions.some((one) => part.endsWith(one)));
  return path === undefined || versions.length === 0 || isInPath
    ? path
    : `${path} version ${versions.join()}`;
}

function parsedBody({ body, rawBody, file, files }: PlatformRequest): ParsedBody {
  // @fastify/multipart has functions of these names.
  const parsed = (value: unknown) => (typeof value === 'function' ? undefined : value);
  return { body, rawBody, file: parsed(file), files: parsed(files) };
}
