// The process of a stand-in for SQS: it speaks the JSON protocol of SQS on a port of loopback, and keeps what it has in a folder.
//   node sqs-process.js <port> <folder>
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { SqsBroker, SqsFault, type SqsRequest } from './sqs-broker.js';

const [, , port, folder] = process.argv as [string, string, string, string];
const broker = new SqsBroker(folder, `http://127.0.0.1:${port}`);

type Operation = (request: SqsRequest, http: IncomingMessage) => object | Promise<object>;

const one: Record<string, Operation> = {
  CreateQueue: (request) => broker.createQueue(request),
  GetQueueAttributes: (request) => broker.queueAttributes(request),
  SendMessage: (request) => broker.send(request),
  DeleteMessage: (request) => broker.delete(request),
  ChangeMessageVisibility: (request) => broker.changeVisibility(request),
  ReceiveMessage: receive,
};
const operations: Record<string, Operation> = {
  ...one,
  SendMessageBatch: batchOf('SendMessage'),
  DeleteMessageBatch: batchOf('DeleteMessage'),
  ChangeMessageVisibilityBatch: batchOf('ChangeMessageVisibility'),
};

/** Waits for messages as long as the client asks, and delivers none to a client that is gone. */
async function receive(request: SqsRequest, http: IncomingMessage): Promise<object> {
  const deadline = Date.now() + (request.WaitTimeSeconds ?? 0) * 1_000;
  for (;;) {
    if (http.socket.destroyed) return {};
    const answer = broker.receive(request);
    if ('Messages' in answer || Date.now() >= deadline) return answer;
    await pause(20);
  }
}

function batchOf(name: string): Operation {
  return async ({ QueueUrl, Entries }, http) => {
    const Successful: object[] = [];
    const Failed: object[] = [];
    for (const entry of Entries) {
      try {
        Successful.push({ Id: entry.Id, ...(await one[name]?.({ ...entry, QueueUrl }, http)) });
      } catch (error) {
        const { code = 'InternalError', message } = error as SqsFault;
        Failed.push({ Id: entry.Id, SenderFault: true, Code: code, Message: message });
      }
    }
    return { Successful, Failed };
  };
}

const server = createServer(async (http, response) => {
  const name = String(http.headers['x-amz-target']).split('.').at(-1) as string;
  let status = 200;
  let answer: object;
  try {
    // For specs, which look at everything at once.
    const operation = http.method === 'GET' ? () => broker.all() : operations[name];
    if (!operation) throw new SqsFault('UnsupportedOperation', `${name} is not known here`);
    answer = await operation(http.method === 'GET' ? undefined : await json(http), http);
  } catch (error) {
    status = error instanceof SqsFault ? 400 : 500;
    const { code = 'InternalError', message } = error as SqsFault;
    answer = { __type: `com.amazonaws.sqs#${code}`, message };
  }
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
});
server.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
server.listen(Number(port), '127.0.0.1', () => console.log('serves SQS'));
