import { nativeResponse, type PlatformResponse } from './native-call.js';

/** What Nest and exception filters call to answer: methods of Express' response, and of Fastify's reply. */
const answering = [
  ...['status', 'sendStatus', 'code', 'type', 'set', 'header', 'headers', 'append', 'cookie'],
  ...['send', 'json', 'jsonp', 'redirect', 'render', 'view', 'sendFile', 'download'],
];

/** What writes to Node's response. To write after its end would be an error that nobody handles. */
const writing = ['end', 'flushHeaders'];

/** What makes the head. */
const heading = ['setHeader', 'appendHeader', 'removeHeader', 'writeHead'];

const answered = new WeakSet<PlatformResponse>();

/** Whether a request has its answer, so that there is nothing to do where an interceptor tries again. */
export function isAnswered(response: PlatformResponse): boolean {
  return answered.has(response);
}

/**
 * Lets Nest go on after a request has its answer. It answers with whatever interceptors make of nothing, and filters answer their errors: that
 * goes nowhere, and does not change the status that is logged.
 */
export function ignoreFurtherAnswers(response: PlatformResponse): void {
  const res = nativeResponse(response);
  answered.add(response);
  ignore(response, answering);
  ignore(res, writing);
  res.write = dropped;
  // What stands before the guard may not have sent the head yet, such as a session that is saved first. It needs these.
  if (res.headersSent) ignore(res, heading);
}

function dropped(): boolean {
  return true;
}

function ignore(target: object, names: readonly string[]): void {
  const methods = target as Record<string, unknown>;
  const ignored = () => target;
  for (const name of names) if (typeof methods[name] === 'function') methods[name] = ignored;
}
