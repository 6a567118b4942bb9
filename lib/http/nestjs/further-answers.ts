import { Overlay } from '../core/overlay.js';
import { nativeResponse, type PlatformResponse } from './native-call.js';

/** What Nest and exception filters call to answer: methods of Express' response, and of Fastify's reply. */
const answering = [
  ...['status', 'sendStatus', 'code', 'type', 'set', 'header', 'headers', 'append', 'cookie'],
  ...['send', 'json', 'jsonp', 'redirect', 'render', 'view', 'sendFile', 'download'],
];

/** What writes to Node's response. To write after its end would be an error that nobody handles. */
const writing = ['write', 'end', 'flushHeaders'];

/** What makes the head. */
const heading = ['setHeader', 'appendHeader', 'removeHeader', 'writeHead'];

const ignoredAnswers = new Overlay(ignored(answering));
const ignoredWrites = new Overlay(ignored(writing));
const ignoredHeads = new Overlay(ignored(heading));

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
  ignore(response, ignoredAnswers);
  ignore(res, ignoredWrites);
  // What stands before the guard may not have sent the head yet, such as a session that is saved first. It needs these.
  if (res.headersSent) ignore(res, ignoredHeads);
}

function ignore(target: object, overlay: Overlay): void {
  overlay.lay(target);
  // Middleware sets methods on the response itself.
  for (const name in overlay.properties)
    if (Object.hasOwn(target, name)) Object.assign(target, { [name]: overlay.properties[name]?.value });
}

function ignored(names: readonly string[]): PropertyDescriptorMap {
  const method = (name: string) => ({
    configurable: true,
    writable: true,
    value: name === 'write' ? dropped : returned,
  });
  return Object.fromEntries(names.map((name) => [name, method(name)]));
}

function dropped(): boolean {
  return true;
}

function returned(this: unknown): unknown {
  return this;
}
