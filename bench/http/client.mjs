import { connect } from 'node:net';

const body = JSON.stringify({ amount: 250, currency: 'EUR', debtor: 'DE02', creditor: 'DE03', note: 'rent' });

const opening = `POST /payments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nIdempotency-Key: `;

/** A connection that sends one request after another, with as little work as possible: the server is what is measured. */
class Connection {
  #socket;
  #received = '';
  #answered;

  async open(port) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk) => this.#read(chunk));
    await new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve);
      this.#socket.once('error', reject);
    });
  }

  /** Resolves to the head of the answer. */
  send(key) {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(`${opening}${key}\r\n\r\n${body}`);
    });
  }

  close() {
    this.#socket.destroy();
  }

  #read(chunk) {
    this.#received += chunk;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = /^content-length: (\d+)$/im.exec(head);
    if (!length) throw new Error(`an answer without a length:\n${head}`);
    if (this.#received.length < end + 4 + Number(length[1])) return;
    this.#received = '';
    this.#answered(head);
  }
}

/** Opens so many connections. */
export async function connections(port, count) {
  const opened = Array.from({ length: count }, () => new Connection());
  await Promise.all(opened.map((one) => one.open(port)));
  return opened;
}

/**
 * Sends so many requests, each connection one after another, and resolves to how long that took.
 *
 * @param keyOf The key of a request.
 * @param isReplay Whether each answer has to be a replay, or must be none; nothing where the server has no such mark.
 */
export async function send(opened, count, keyOf, isReplay) {
  let sent = 0;
  const rest = stayAwake();
  const from = performance.now();
  await Promise.all(
    opened.map(async (one) => {
      while (sent < count) {
        sent += 1;
        const head = await one.send(keyOf(sent));
        if (!head.startsWith('HTTP/1.1 201')) throw new Error(`not answered with 201:\n${head}`);
        if (isReplay === undefined) continue;
        if (/^idempotency-replayed: true$/im.test(head) !== isReplay)
          throw new Error(`${isReplay ? 'no replay' : 'a replay'}:\n${head}`);
      }
    }),
  );
  rest();
  return performance.now() - from;
}

/** To wake a process that sleeps takes the one that writes to it longer than what it does itself. */
function stayAwake() {
  let isAwake = true;
  const turn = () => isAwake && setImmediate(turn);
  turn();
  return () => {
    isAwake = false;
  };
}
