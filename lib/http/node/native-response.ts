import type { ServerResponse } from 'node:http';

/** Returns the methods that Node.js gives to responses. */
export function native(): ServerResponse {
  return process.getBuiltinModule('node:http').ServerResponse.prototype;
}
