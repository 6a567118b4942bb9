import { createHash } from 'node:crypto';
import { StoreError } from '../../errors.js';
import { beginningOf } from '../../record/listing.js';
import type { ListedRecord, ListingPlan, RecordPage } from '../../record/persistence-store.js';
import type { Lister } from '../shared/listers.js';
import {
  addTo,
  cursorOf,
  isNarrower,
  LARGEST_PAGE,
  type ListedStore,
  type Listing,
  listingOf,
  MOST_EXAMINED,
  nothing,
  OUTCOME,
  type ReadEntry,
} from '../shared/listing.js';
import type { Command, Connection, Primary } from './redis-client.js';
import { explained, LISTING, refuseQueued } from './redis-faults.js';
import { listScript, type Script } from './redis-scripts.js';
import { readStateField } from './redis-state.js';

/** Where a page begins. */
interface RedisPosition {
  /** A digest of the addresses of all primaries. Where they are others now, the scan begins again: its cursors belong to servers. */
  readonly servers: string;
  /** Which of them is scanned. */
  readonly place: number;
  /** The server's own cursor. */
  readonly scan: string;
  /** The keys that the scan has returned beyond the limit of the page before. */
  readonly left: readonly string[];
}

/** What is listed of a `RedisStore`: how a page reaches the servers. */
export interface RedisAccess {
  readonly connection: Connection;
  readonly prefix: string;
  /** Runs a script on keys that one server has. */
  readonly run: (script: Script, names: readonly string[], args: Command) => Promise<unknown>;
}

/** So many keys are read by one script at most: nothing else happens on the server meanwhile. */
const KEYS_PER_SCRIPT = 100;

/** Returns what a store with this prefix keeps in a cursor. */
function listedKeys(prefix: string): ListedStore<RedisPosition> {
  return {
    store: 'RedisStore',
    place: prefix,
    isPosition(value): value is RedisPosition {
      const { servers, place, scan, left } = Object(value) as Partial<RedisPosition>;
      return (
        typeof servers === 'string' &&
        Number.isSafeInteger(place) &&
        /^\d+$/.test(String(scan)) &&
        Array.isArray(left)
      );
    },
  };
}

/** Lists records: it scans the keys of each primary, and reads of their hashes what is asked for. */
async function listKeys(
  access: RedisAccess,
  listing: Listing<RedisPosition>,
  kept: ListedStore<RedisPosition>,
): Promise<RecordPage> {
  const primaries = await primariesOf(access.connection, listing.position === undefined);
  const servers = digestOf(primaries);
  const begun = listing.position?.servers === servers ? listing.position : undefined;
  let { place, scan } = begun ?? { place: 0, scan: '0' };
  const records: ListedRecord[] = [];
  /** Adds what the page takes, and returns the keys that it does not. */
  const add = (entries: readonly ReadEntry[]) => {
    const taken = entries.findIndex((entry) => {
      if (records.length === listing.limit) return true;
      addTo(records, entry, listing);
      return false;
    });
    return taken < 0 ? [] : entries.slice(taken).map(({ key }) => key);
  };
  const before = begun?.left ?? [];
  let left = add(await readEach(access, before, listing));
  let examined = before.length;
  let scanned = 0;
  while (place < primaries.length && records.length < listing.limit && scanned < MOST_EXAMINED) {
    const wanted = listing.limit - records.length;
    const piece = await scanPiece(access, primaries[place] as Primary, listing, { scan, wanted, scanned });
    left = add(piece.entries);
    examined += piece.examined;
    scanned += piece.count;
    scan = piece.next;
    if (scan === '0') place += 1;
  }
  if (place === primaries.length && left.length === 0) return { records, examined };
  return { records, cursor: cursorOf(kept, { servers, place, scan, left }), examined };
}

interface ScanProgress {
  readonly scan: string;
  /** How many records the page still takes. */
  readonly wanted: number;
  /** How many keys the page has scanned. */
  readonly scanned: number;
}

/** A piece of the keys. */
interface Piece {
  readonly entries: readonly ReadEntry[];
  /** How many of the keys begin with the prefix. */
  readonly examined: number;
  readonly next: string;
  /** How many keys the server was to scan. */
  readonly count: number;
}

/** Scans a piece of the keys. Where that has more records than the page takes, it scans a smaller one: the rest would be in the cursor. */
async function scanPiece(
  access: RedisAccess,
  primary: Primary,
  listing: Listing<RedisPosition>,
  { scan, wanted, scanned }: ScanProgress,
): Promise<Piece> {
  const { connection, prefix } = access;
  const begin = (connection.keyPrefix ?? '') + prefix;
  const pattern = `${escaped(begin + (listing.start ?? ''))}*`;
  const ask = async (count: number): Promise<Piece> => {
    const reply = await primary.send(['SCAN', scan, 'MATCH', pattern, 'COUNT', String(count)]);
    refuseQueued(reply);
    if (!Array.isArray(reply) || !Array.isArray(reply[1]))
      throw new TypeError('the client returned no cursor and list of keys for SCAN');
    const keys = (reply[1] as unknown[]).map((name) => String(name).slice(begin.length));
    const entries = await readEach(access, keys, listing);
    return { entries, examined: keys.length, next: String(reply[0]), count };
  };
  // Few of the keys may be asked for, or most may be those of other programs.
  const isSparse = listing.status !== undefined || isNarrower(listing) || scanned > 0;
  const piece = await ask(isSparse ? LARGEST_PAGE : wanted);
  return piece.count > wanted && piece.entries.length > wanted ? ask(wanted) : piece;
}

/** Escapes what would stand for other letters in a pattern. */
function escaped(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** Reads of each key what a page has of it, where it is a record that is asked for. */
async function readEach(
  { connection, prefix, run }: RedisAccess,
  keys: readonly string[],
  { now, status }: Listing<RedisPosition>,
): Promise<readonly ReadEntry[]> {
  const args = [String(now), status === undefined ? '' : beginningOf(status), OUTCOME];
  const size = connection.primaries ? 1 : KEYS_PER_SCRIPT;
  const read = async (from: number): Promise<readonly ReadEntry[]> => {
    const some = keys.slice(from, from + size);
    const names = some.map((key) => prefix + key);
    return entriesOf(some, await run(listScript, names, args));
  };
  const starts = keys.map((_, index) => index).filter((index) => index % size === 0);
  // Alone, so that a server which lacks the script gets it once.
  const [first = [], ...rest] = [
    ...(starts.length > 0 ? [await read(0)] : []),
    ...(await Promise.all(starts.slice(1).map(read))),
  ];
  return [...first, ...rest.flat()];
}

function entriesOf(keys: readonly string[], reply: unknown): readonly ReadEntry[] {
  refuseQueued(reply);
  if (!Array.isArray(reply)) throw new TypeError('the client returned no list for a script');
  const entries: ReadEntry[] = [];
  for (let at = 0; at < reply.length; at += 4) {
    const [place, token, expiresAt, state] = reply.slice(at, at + 4) as unknown[];
    const key = keys[Number(place) - 1] as string;
    entries.push({ key, token, expiresAt, state: readStateField(state).state });
  }
  return entries;
}

/** Returns the servers that have the keys, in the order in which they are scanned. */
async function primariesOf(connection: Connection, isFirst: boolean): Promise<readonly Primary[]> {
  if (connection.primaries) {
    const primaries = await connection.primaries();
    return [...primaries].sort((one, other) => (one.address < other.address ? -1 : 1));
  }
  // A node of a cluster returns its own keys, and no error says that there are others.
  if (isFirst && /cluster_enabled:1/.test(String(await connection.send(['INFO', 'cluster'], ''))))
    throw new StoreError(
      'RedisStore: the server belongs to a cluster, and this client reaches one of its nodes; to list records, pass a cluster client of ioredis, redis (node-redis) or Valkey GLIDE',
      { advice: 'fix-code' },
    );
  return [{ address: '', send: (command) => connection.send(command, '') }];
}

function digestOf(primaries: readonly Primary[]): string {
  const addresses = primaries.map(({ address }) => address).join();
  return createHash('sha256').update(addresses).digest('base64url').slice(0, 12);
}

/** Tells how many keys are scanned. */
async function planKeys({ connection }: RedisAccess): Promise<ListingPlan> {
  const primaries = await primariesOf(connection, true);
  const sizes = await Promise.all(primaries.map(({ send }) => send(['DBSIZE'])));
  const records = sizes.reduce<number>((sum, size) => sum + Number(size), 0);
  return {
    by: 'scan',
    records,
    cost: `It scans all ${records} keys of the database, also those of other programs, ${LARGEST_PAGE} at a time, and reads of each record the beginning of its state on the server. Redis has no index of them.`,
  };
}

/** Lists records in the order of the server's SCAN. On a cluster it scans one primary after the other. */
export const lister: Lister<RedisAccess> = {
  async records(access, query) {
    const kept = listedKeys(access.prefix);
    const listing = listingOf(kept, query);
    if (listing.start === undefined) return nothing;
    return explaining(access, () => listKeys(access, listing, kept));
  },

  async planRecords(access, query) {
    listingOf(listedKeys(access.prefix), query, 'planRecords');
    return explaining(access, () => planKeys(access));
  },
};

async function explaining<Result>({ prefix }: RedisAccess, list: () => Promise<Result>): Promise<Result> {
  try {
    return await list();
  } catch (fault) {
    throw explained(fault, '', prefix, LISTING);
  }
}
