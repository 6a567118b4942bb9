// A core bank that loses some answers: of T-1002 after it has placed the hold, of T-1003 before.
import { createServer } from 'node:http';

const holds = new Map();
const isLosing = new Set(['T-1002', 'T-1003']);

const server = createServer(async (request, response) => {
  if (request.method === 'GET') return response.end(JSON.stringify([...holds.values()]));
  const { transactionId, amount } = JSON.parse(Buffer.concat(await request.toArray()).toString());
  const isLost = isLosing.delete(transactionId);
  if (isLost && transactionId === 'T-1003') return request.socket.destroy();
  const hold = { holdId: `H-${holds.size + 1}`, transactionId, amount };
  holds.set(transactionId, hold);
  if (isLost) return request.socket.destroy();
  response.end(JSON.stringify(hold));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`the bank listens on http://127.0.0.1:${server.address().port}`);
});
