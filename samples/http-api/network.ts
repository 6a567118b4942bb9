import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

/** The network between the browser and the API. It loses the answer to a request that has the header `X-Lose-Answer`. */
export function createNetwork(api: { readonly port: number }): Server {
  return createServer((incoming, outgoing) => forward(api.port, incoming, outgoing));
}

function forward(port: number, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url: path, headers } = incoming;
  const forwarded = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    // The API has done its work by now.
    if ('x-lose-answer' in headers) return void incoming.socket.destroy();
    outgoing.writeHead(answer.statusCode as number, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  forwarded.on('error', () => outgoing.destroy());
  incoming.pipe(forwarded);
}
