import { makeIdempotent } from 'retrysafe';

async function capture(request: { readonly id: string }): Promise<string> {
  return `captured ${request.id}`;
}

/** Named after the function, as the bundler calls it. */
export const captured = makeIdempotent(capture, { key: 'id' });
