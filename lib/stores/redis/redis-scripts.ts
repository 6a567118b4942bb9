import { createHash } from 'node:crypto';
import { CUT, KIND_LENGTH, KINDS } from '../shared/listing.js';

/** An atomic step of the server on one key. */
export interface Script {
  readonly text: string;
  /** The name under which the server caches the script. */
  readonly sha: string;
}

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

// KEYS: the key. ARGV: token, expiresAt and state of the record, how many milliseconds the server keeps it, and what each
// script adds below. The writer gets a list of one element. Everyone else gets the three fields of the holder. A hash that is
// no record of ours is left alone and returned as three empty fields.
const readHolder = `
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
export const claimScript = script(`${readHolder}
if isRecord and tonumber(held[2]) > tonumber(ARGV[5]) then
  return held
end${write}
return { ARGV[1] }`);

/** ARGV[5]: the token that the record follows. ARGV[6] and ARGV[7], if there are any: the channel and message of the notice. */
export const replaceScript = script(`${readHolder}
if held[1] ~= ARGV[5] then
  return held
end${write}
if ARGV[6] then redis.pcall('PUBLISH', ARGV[6], ARGV[7]) end
return { ARGV[1] }`);

/** A read as a script, because no client sends a script to a replica. */
export const findScript = script(`${readHolder}
return held`);

/**
 * The same for a client that takes every reply for UTF-8, where the state has bytes: each is returned as the character of its number. It
 * costs the server several times as much.
 */
export const findAsTextScript = script(`${readHolder}
local at = held[3] and string.find(held[3], '\\0', 1, true)
if not at then
  return held
end
local characters = {}
for number = 128, 191 do
  characters[string.char(number)] = string.char(194, number)
  characters[string.char(number + 64)] = string.char(195, number)
end
local text = string.gsub(string.sub(held[3], at + 1), '[\\128-\\255]', characters)
return { held[1], held[2], string.sub(held[3], 1, at) .. text }`);

/**
 * KEYS: any keys. ARGV: now, how a state has to begin, and how an outcome begins in it. Returns four elements for each key that has such
 * a record which has not expired: its number, token, expiresAt, and the state without the content of the outcome. A key of another
 * program is left out.
 */
export const listScript = script(`
local listed = {}
for number, key in ipairs(KEYS) do
  local held = redis.pcall('HMGET', key, 'token', 'expiresAt', 'state')
  if held.err and not string.find(held.err, 'WRONGTYPE', 1, true) then
    return held
  end
  local state = held[3]
  local isAsked = state and string.sub(state, 1, #ARGV[2]) == ARGV[2]
  if isAsked and (tonumber(held[2] or '') or 0) > tonumber(ARGV[1]) and redis.call('HLEN', key) == 3 then
    local _, at = string.find(state, ARGV[3], 1, true)
    local kind = at and string.sub(state, at + 1, at + ${KIND_LENGTH})
    if ${KINDS.map((kind) => `kind == '${kind}'`).join(' or ')} then
      state = string.sub(state, 1, at + ${KIND_LENGTH}) .. '${CUT}'
    end
    for _, field in ipairs({ number, held[1], held[2], state }) do
      listed[#listed + 1] = field
    end
  end
end
return listed`);
