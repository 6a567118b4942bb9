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
// what the script says below. Whoever wrote gets a list of one; anybody else the three fields of the holder. Of what is
// no record of ours they are empty, whatever it looks like, and it stays as it is.
const look = `
local held = redis.call('HMGET', KEYS[1], 'token', 'expiresAt', 'state')
local fields = redis.call('HLEN', KEYS[1])
local isRecord = fields == 3 and held[3] and tonumber(held[2] or '') and string.find(held[1] or '', '^[^.]+%.%d+$')
if fields > 0 and not isRecord then
  return { '', '', '' }
end`;
const write = `
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'expiresAt', ARGV[2], 'state', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])`;

/** ARGV[5]: now. */
export const claimScript = script(`${look}
if isRecord and tonumber(held[2]) > tonumber(ARGV[5]) then
  return held
end${write}
return { ARGV[1] }`);

/** ARGV[5]: the token that the record follows. ARGV[6] and ARGV[7]: where to tell those who wait, and what, if anything. */
export const replaceScript = script(`${look}
if held[1] ~= ARGV[5] then
  return held
end${write}
if ARGV[6] then redis.pcall('PUBLISH', ARGV[6], ARGV[7]) end
return { ARGV[1] }`);

/** A read that no client sends to a replica. */
export const findScript = script(`${look}
return held`);
