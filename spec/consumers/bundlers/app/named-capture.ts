import { makeIdempotent } from 'retrysafe';

async function capture(request: { readonly id: string }): Promise<string> {
  return `captured ${request.id}`;
}

export const captured = makeIdempotent(capture, { name: 'capture', key: 'id' });
