import { nativeResponse, type PlatformResponse } from './native-call.js';

/** What Nest and exception filters call to answer: methods of Express' response, and of Fastify's reply. */
const answering = [
  ...['status', 'sendStatus', 'code', 'type', 'set', 'header', 'headers', 'append', 'cookie', 'setHeader'],
  ...['send', 'json', 'jsonp', 'redirect', 'render', 'view', 'sendFile', 'download'],
];

/**
 * Lets Nest go on after a request has its answer. It answers with whatever interceptors make of nothing, and filters answer their errors: that
 * goes nowhere, and does not change the status that is logged.
 */
export function ignoreFurtherAnswers(response: PlatformResponse): void {
  const methods = response as unknown as Record<string, unknown>;
  for (const name of answering) {
    // What stands before the guard may not have sent the head yet, such as a session that is saved first. It needs Node's own method.
    if (name === 'setHeader' && !nativeResponse(response).headersSent) continue;
    if (typeof methods[name] === 'function') methods[name] = () => response;
  }
}
