import { ConfigurationError } from '../../errors.js';

/** The error for a response that the guard could not record, before anything of it is sent. */
export function unseenResponse(route: string): ConfigurationError {
  return new ConfigurationError(
    `${route}: the response of a guarded route is recorded where \`reply.send()\` sends it, and this one is sent around that; send it by \`reply.send()\`, as a stream where it comes in parts, or set \`idempotency: false\` in the config of the route`,
  );
}
