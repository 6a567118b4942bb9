// A server in a process of its own. It tells its port, and for each message how much processor time it has taken.
//
//   node bench/http/serve.mjs <framework> <contender> <milliseconds that each handler waits>
import { frameworks, listen } from './servers.mjs';

const [framework, contender, wait] = process.argv.slice(2);
const server = await frameworks[framework][contender](Number(wait));
// The turns of the others take longer than Node.js leaves a connection open.
server.keepAliveTimeout = 0;
process.send({ port: await listen(server) });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuUs: user + system });
});
process.on('disconnect', () => process.exit(0));
