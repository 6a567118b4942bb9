import { ConfigurationError } from '../../errors.js';

/** The error for a response that the guard could not record, before anything of it is sent. */
export function unseenResponse(route: string): ConfigurationError {
  return new ConfigurationError(
    `${route}: what a handler writes to \`reply.raw\` cannot be recorded over HTTP/2; send the response by \`reply.send()\`, as a stream where it comes in parts, or set \`idempotency: false\` in the config of the route`,
  );
}
