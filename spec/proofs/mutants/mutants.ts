import type { Mutant } from './mutant.js';
import { attemptsEnd } from './patches/attempts.js';
import { bytes } from './patches/bytes.js';
import { claims } from './patches/claims.js';
import { crashTests } from './patches/crash-tests.js';
import { drivers } from './patches/driver.js';
import { edgesMethod } from './patches/edges-method.js';
import { edgesNames } from './patches/edges-names.js';
import { edgesOfNumbers } from './patches/edges-numbers.js';
import { edgesOfOptions } from './patches/edges-options.js';
import { edgesRequests } from './patches/edges-requests.js';
import { storesEdges } from './patches/edges-stores.js';
import { edgesOfTime } from './patches/edges-time.js';
import { edgesValues } from './patches/edges-values.js';
import { face } from './patches/face.js';
import { http } from './patches/http.js';
import { httpAdapters } from './patches/http-adapters.js';
import { inProcess } from './patches/in-process.js';
import { lambda } from './patches/lambda.js';
import { leases } from './patches/leases.js';
import { listing } from './patches/listing.js';
import { machineCalls } from './patches/machine-calls.js';
import { machineClaims } from './patches/machine-claims.js';
import { onServers } from './patches/on-servers.js';
import { operators } from './patches/operators.js';
import { outside } from './patches/outside.js';
import { queuesBullMQ } from './patches/queues-bullmq.js';
import { queuesCore } from './patches/queues-core.js';
import { queuesNats } from './patches/queues-nats.js';
import { queuesPgBoss } from './patches/queues-pg-boss.js';
import { queuesRabbitMQ } from './patches/queues-rabbitmq.js';
import { queuesSqs } from './patches/queues-sqs.js';
import { samples } from './patches/samples.js';
import { secrets } from './patches/secrets.js';
import { settling } from './patches/settling.js';
import { stores } from './patches/stores.js';
import { values } from './patches/values.js';
import { waiting } from './patches/waiting.js';

/** Those of the protocol as a state machine. */
export const flawsOfTheMachine: readonly Mutant[] = [...machineCalls, ...machineClaims];

/** Every flaw that must be noticed. */
export const mutants: readonly Mutant[] = [
  ...claims,
  ...attemptsEnd,
  ...leases,
  ...settling,
  ...waiting,
  ...flawsOfTheMachine,
  ...values,
  ...edgesValues,
  ...bytes,
  ...secrets,
  ...listing,
  ...inProcess,
  ...drivers,
  ...face,
  ...operators,
  ...onServers,
  ...http,
  ...httpAdapters,
  ...lambda,
  ...queuesBullMQ,
  ...queuesCore,
  ...outside,
  ...queuesPgBoss,
  ...queuesRabbitMQ,
  ...queuesNats,
  ...samples,
  ...crashTests,
  ...queuesSqs,
  ...stores,
  ...edgesMethod,
  ...edgesOfTime,
  ...edgesNames,
  ...storesEdges,
  ...edgesRequests,
  ...edgesOfOptions,
  ...edgesOfNumbers,
];
