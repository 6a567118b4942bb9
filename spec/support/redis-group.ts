import { RedisServer, type RedisServerOptions } from './redis-server.js';
import { until as untilWithin } from './until.js';

const slots = 16_384;
/** After so many milliseconds the nodes of a cluster meet once more. */
const MEET_AGAIN_MS = 2_000;
/** How long servers may take to come to know each other, on a busy machine. */
const LONGEST_MS = 30_000;

const until = (what: string, poll: () => Promise<boolean>) => untilWithin(what, poll, LONGEST_MS);

/** Starts a primary and a replica that has caught up with it. */
export async function startReplication(
  options: RedisServerOptions = {},
): Promise<{ readonly primary: RedisServer; readonly replica: RedisServer; stop(): Promise<void> }> {
  const servers: RedisServer[] = [];
  const stop = () => stopAll(servers);
  try {
    const primary = await RedisServer.start(options);
    servers.push(primary);
    const replica = await RedisServer.start({ ...options, replicaOf: primary });
    servers.push(replica);
    await until('the replica has caught up', async () =>
      (await replica.info('replication')).includes('master_link_status:up'),
    );
    return { primary, replica, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts a cluster of three masters, without replicas, that has all slots and serves. */
export async function startCluster(
  options: RedisServerOptions = {},
): Promise<{ readonly masters: readonly RedisServer[]; stop(): Promise<void> }> {
  const masters: RedisServer[] = [];
  const stop = () => stopAll(masters);
  try {
    for (let count = 0; count < 3; count += 1) {
      masters.push(await RedisServer.start({ ...options, cluster: true }));
    }
    await joinMasters(masters);
    return { masters, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Adds a replica of one of a cluster's masters, that has caught up with it and that the whole cluster knows. */
export async function startClusterReplica(
  { masters }: { readonly masters: readonly RedisServer[] },
  primary: RedisServer,
): Promise<RedisServer> {
  const replica = await RedisServer.start({ cluster: true });
  try {
    const id = String(await primary.call('CLUSTER', 'MYID'));
    await meet(replica, primary);
    await until('it knows the primary', async () =>
      String(await replica.call('CLUSTER', 'NODES')).includes(id),
    );
    await replica.call('CLUSTER', 'REPLICATE', id);
    await until('the replica has caught up', async () =>
      (await replica.info('replication')).includes('master_link_status:up'),
    );
    await until('every master knows the replica', async () => {
      const told = await Promise.all(masters.map((master) => master.call('CLUSTER', 'NODES')));
      return told.every((nodes) => new RegExp(`slave ${id} .* connected`).test(String(nodes)));
    });
    return replica;
  } catch (error) {
    await replica.stop();
    throw error;
  }
}

/**
 * Moves a slot without keys to another master, and resolves when no node can think otherwise any more. A node believes
 * the node with the newest epoch: unless the new master has it, what the former one said just before may win.
 */
export async function moveSlot(
  { masters }: { readonly masters: readonly RedisServer[] },
  replica: RedisServer,
  slot: number,
  target: RedisServer,
): Promise<void> {
  const id = String(await target.call('CLUSTER', 'MYID'));
  const from = nodesOf(await target.call('CLUSTER', 'NODES')).find(({ has }) => has(slot));
  // An importing node takes a new epoch with the slot.
  await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(from?.id));
  for (const master of [target, ...masters.filter((one) => one !== target)])
    await master.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
  const [, epoch] = /cluster_my_epoch:(\d+)/.exec(String(await target.call('CLUSTER', 'INFO'))) ?? [];
  await until('every node knows who has the slot, and since when', async () => {
    const told = await Promise.all([...masters, replica].map((node) => node.call('CLUSTER', 'NODES')));
    return told.every((nodes) => {
      const known = nodesOf(nodes).find((node) => node.id === id);
      return known?.epoch === epoch && known?.has(slot);
    });
  });
}

/** What a node says of all of them: one line each. */
function nodesOf(lines: unknown) {
  return String(lines)
    .trim()
    .split('\n')
    .map((line) => {
      const [id, , , , , , epoch, , ...ranges] = line.split(' ');
      const has = (slot: number) =>
        ranges.some((range) => {
          const [first, last = first] = range.split('-').map(Number);
          return slot >= Number(first) && slot <= Number(last);
        });
      return { id, epoch, has };
    });
}

async function joinMasters(masters: readonly RedisServer[]): Promise<void> {
  const [first] = masters as [RedisServer];
  const share = Math.ceil(slots / masters.length);
  for (const [index, master] of masters.entries()) {
    const last = Math.min((index + 1) * share, slots) - 1;
    await master.call('CLUSTER', 'ADDSLOTSRANGE', index * share, last);
    // Two of one epoch would have to settle which is the newer, which takes them seconds.
    await master.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (master !== first) await meet(master, first);
  }
  let metAt = performance.now();
  await until('every master knows the whole cluster', async () => {
    const told = await Promise.all(masters.map((master) => master.call('CLUSTER', 'INFO')));
    const isWhole = told.every(
      (info) => /cluster_state:ok/.test(String(info)) && /cluster_known_nodes:3/.test(String(info)),
    );
    if (isWhole || performance.now() - metAt < MEET_AGAIN_MS) return isWhole;
    // On a busy machine a greeting may be lost, and a node that was met says late whom else it knows.
    for (const one of masters) for (const other of masters) if (other !== one) await meet(one, other);
    metAt = performance.now();
    return false;
  });
}

async function meet(one: RedisServer, other: RedisServer): Promise<void> {
  await one.call('CLUSTER', 'MEET', other.host, other.port, await busPortOf(other));
}

async function busPortOf(master: RedisServer): Promise<string> {
  const [, port] = (await master.call('CONFIG', 'GET', 'cluster-port')) as [string, string];
  return port;
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
