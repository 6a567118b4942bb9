import { isFastifyReply, nativeResponse, type PlatformResponse } from './native-call.js';

/** What Nest and exception filters call to answer: methods of Express' response, and of Fastify's reply. */
const answering = [
  ...['status', 'sendStatus', 'code', 'type', 'set', 'header', 'headers', 'append', 'cookie'],
  ...['send', 'json', 'jsonp', 'redirect', 'render', 'view', 'sendFile', 'download'],
];

/** What writes to Node's response. To write after its end would be an error that nobody handles. */
const writing = ['write', 'end', 'flushHeaders'];

/** What makes the head. */
const heading = ['setHeader', 'appendHeader', 'removeHeader', 'writeHead'];

/** By what they ignore: for each prototype one that does. To set each method on a response would take longer than all else of a replay. */
const ignoringAnswers = new WeakMap<object, object>();
const ignoringWrites = new WeakMap<object, object>();
const ignoringHeads = new WeakMap<object, object>();

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
  if (isFastifyReply(response)) {
    ignore(response, answering, ignoringAnswers);
    ignore(res, writing, ignoringWrites);
  } else ignore(res, [...answering, ...writing], ignoringAnswers);
  // What stands before the guard may not have sent the head yet, such as a session that is saved first. It needs these.
  if (res.headersSent) ignore(res, heading, ignoringHeads);
}

function ignore(target: object, names: readonly string[], made: WeakMap<object, object>): void {
  const prototype = Object.getPrototypeOf(target);
  const ignoring = made.get(prototype) ?? ignoringOver(prototype, names);
  made.set(prototype, ignoring);
  Object.setPrototypeOf(target, ignoring);
  // Middleware sets methods on the response itself.
  for (const name of names) if (Object.hasOwn(target, name)) Object.assign(target, { [name]: ignored(name) });
}

function ignoringOver(prototype: Record<string, unknown>, names: readonly string[]): object {
  const ignoring = Object.create(prototype);
  for (const name of names)
    if (typeof prototype[name] === 'function')
      Object.defineProperty(ignoring, name, { value: ignored(name), configurable: true, writable: true });
  return ignoring;
}

function ignored(name: string): () => unknown {
  return name === 'write' ? dropped : returned;
}

function dropped(): boolean {
  return true;
}

function returned(this: unknown): unknown {
  return this;
}
