import type { Mutant } from './mutant.js';
import { claims } from './patches/claims.js';
import { edgesOfNumbers } from './patches/edges-numbers.js';
import { inProcess } from './patches/in-process.js';
import { leases } from './patches/leases.js';
import { onServers } from './patches/on-servers.js';
import { settling } from './patches/settling.js';
import { values } from './patches/values.js';
import { waiting } from './patches/waiting.js';

/** Every flaw that must be noticed. */
export const mutants: readonly Mutant[] = [
  ...claims,
  ...leases,
  ...settling,
  ...waiting,
  ...values,
  ...inProcess,
  ...onServers,
  ...edgesOfNumbers,
];
