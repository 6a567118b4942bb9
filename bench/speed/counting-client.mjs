import { Agent } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** As many connections as calls are made at a time, so that no call waits for one. They are kept alive, as the SDK does by default. */
const SOCKETS = 256;

/** An agent that knows how many requests it sent, and every byte that went over its connections. */
class CountingAgent extends Agent {
  requests = 0;
  #sockets = new Set();

  addRequest(...args) {
    this.requests += 1;
    return super.addRequest(...args);
  }

  createConnection(...args) {
    const socket = super.createConnection(...args);
    this.#sockets.add(socket);
    return socket;
  }

  get bytesSent() {
    return [...this.#sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }
}

/** A client, the same for every contender, and what it has sent so far. */
export function countingClient(connection) {
  const httpAgent = new CountingAgent({ keepAlive: true, maxSockets: SOCKETS });
  const client = new DynamoDBClient({ ...connection, requestHandler: { httpAgent } });
  return { client, sent: () => ({ requests: httpAgent.requests, bytes: httpAgent.bytesSent }) };
}
