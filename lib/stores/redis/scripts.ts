import { createHash } from 'node:crypto';

/** A step that the server does in one go, of one key. */
export interface Script {
  readonly text: string;
  /** The name under which the server keeps it once it has seen it. */
  readonly sha: string;
}

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

// KEYS: the key. ARGV: token, expiresAt and state of the record, for how many milliseconds the server keeps it, and
// what the script says below. Whoever wrote gets a list of one; anybody else the three fields of the holder.
const write = `
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'expiresAt', ARGV[2], 'state', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])`;
const holder = `redis.call('HMGET', KEYS[1], 'token', 'expiresAt', 'state')`;

/** ARGV[5]: now. What is there and has no time to expire at is somebody else's, and stays. */
export const claimScript = script(`
local expiresAt = redis.call('HGET', KEYS[1], 'expiresAt')
if redis.call('EXISTS', KEYS[1]) == 1 and not (tonumber(expiresAt or '') and tonumber(expiresAt) <= tonumber(ARGV[5])) then
  return ${holder}
end${write}
return { ARGV[1] }`);

/** ARGV[5]: the token that the record follows. ARGV[6] and ARGV[7]: where to tell those who wait, and what, if anything. */
export const replaceScript = script(`
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[5] then
  return ${holder}
end${write}
if ARGV[6] then redis.pcall('PUBLISH', ARGV[6], ARGV[7]) end
return { ARGV[1] }`);

/** A read that no client sends to a replica. */
export const findScript = script(`return ${holder}`);
