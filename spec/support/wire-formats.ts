/** What a client sends as a whole, and how many answers it gets. */
export interface WireRequest {
  readonly bytes: Buffer;
  readonly answers: number;
}

/** What a server sends as a whole, and whether a request has an answer more with it. */
export interface WireReply {
  readonly bytes: Buffer;
  readonly isAnswer: boolean;
}

/** Tells where requests and answers begin and end in the bytes of one connection. */
export interface WireFormat {
  /** The requests that are complete with these bytes. */
  fromClient(chunk: Buffer): WireRequest[];
  fromServer(chunk: Buffer): WireReply[];
}

/** A client of PostgreSQL begins with the length of its first message, one of Redis with a star. */
export function wireFormatOf(firstBytes: Buffer): WireFormat {
  return firstBytes[0] === 0 ? new PostgresWire() : new RedisWire();
}

/** Collects bytes and gives them back in frames. */
class Frames {
  #bytes = Buffer.alloc(0);

  /** Takes all frames that are whole: `endOf` tells where the first one ends, or nothing where it is not there yet. */
  *take(chunk: Buffer, endOf: (bytes: Buffer) => number | undefined): Generator<Buffer> {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const end = this.#bytes.length > 0 ? endOf(this.#bytes) : undefined;
      if (end === undefined || end > this.#bytes.length) return;
      yield this.#bytes.subarray(0, end);
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

/**
 * The Redis serialization protocol, in both versions. A request is a command; a message to a subscriber answers none,
 * and the confirmation of each channel of `SUBSCRIBE` is an answer.
 */
class RedisWire implements WireFormat {
  readonly #fromClient = new Frames();
  readonly #fromServer = new Frames();

  fromClient(chunk: Buffer): WireRequest[] {
    return Array.from(this.#fromClient.take(chunk, endOfValue), (bytes) => {
      const [words = 0, name = ''] =
        /^\*(\d+)\r\n\$\d+\r\n(\w+)/.exec(bytes.toString('latin1'))?.slice(1) ?? [];
      const answers = /^[ps]?(un)?subscribe$/i.test(name) ? Math.max(1, Number(words) - 1) : 1;
      return { bytes, answers };
    });
  }

  fromServer(chunk: Buffer): WireReply[] {
    return Array.from(this.#fromServer.take(chunk, endOfValue), (bytes) => {
      const start = bytes.subarray(0, 64).toString('latin1');
      const isConfirmation = /^[>*]\d+\r\n\$\d+\r\n[ps]?(un)?subscribe\r\n/.test(start);
      const isMessage = start.startsWith('>') || /^\*[34]\r\n\$\d+\r\n[ps]?message\r\n/.test(start);
      return { bytes, isAnswer: isConfirmation || !isMessage };
    });
  }
}

function endOfValue(bytes: Buffer, start = 0): number | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  let end: number | undefined = lineEnd + 2;
  const type = String.fromCharCode(bytes[start] as number);
  const size = Math.max(0, Number(bytes.toString('latin1', start + 1, lineEnd)));
  const isNull = bytes[start + 1] === 0x2d;
  if ('$!='.includes(type)) return isNull ? end : end + size + 2;
  if (!'*~>%|'.includes(type)) return end;
  // An attribute stands before the value that it belongs to.
  const values = type === '|' ? 2 * size + 1 : type === '%' ? 2 * size : size;
  for (let count = 0; count < values; count += 1) {
    end = end < bytes.length ? endOfValue(bytes, end) : undefined;
    if (end === undefined) return undefined;
  }
  return end;
}

const encryptionRequests = [80_877_103, 80_877_104];
const cancelRequest = 80_877_102;

/**
 * PostgreSQL's protocol. A request is a simple query, or all messages up to a Sync: Parse, Bind, Execute and so on.
 * Copying with a simple query is not known to it.
 */
class PostgresWire implements WireFormat {
  readonly #fromClient = new Frames();
  readonly #fromServer = new Frames();
  /** The messages of a request that is not complete yet. */
  #messages: Buffer[] = [];
  #isStarting = true;
  /** How many answers come that are one letter: no, there is no encryption. */
  #letters = 0;

  fromClient(chunk: Buffer): WireRequest[] {
    const endOf = (bytes: Buffer) => endOfMessage(bytes, this.#isStarting ? 0 : 1);
    const requests: WireRequest[] = [];
    for (const message of this.#fromClient.take(chunk, endOf)) {
      if (this.#isStarting) {
        requests.push(this.#begin(message));
        continue;
      }
      this.#messages.push(message);
      const type = String.fromCharCode(message[0] as number);
      // A password belongs to the start of the connection, a Flush asks for what a later Sync completes.
      if (!'QSFXpH'.includes(type)) continue;
      requests.push({
        bytes: Buffer.concat(this.#messages.splice(0)),
        answers: 'QSF'.includes(type) ? 1 : 0,
      });
    }
    return requests;
  }

  fromServer(chunk: Buffer): WireReply[] {
    const endOf = (bytes: Buffer) => (this.#letters > 0 ? 1 : endOfMessage(bytes, 1));
    return Array.from(this.#fromServer.take(chunk, endOf), (bytes) => {
      const isLetter = this.#letters > 0;
      if (isLetter) this.#letters -= 1;
      // ReadyForQuery.
      return { bytes, isAnswer: isLetter || bytes[0] === 0x5a };
    });
  }

  #begin(message: Buffer): WireRequest {
    const code = message.readInt32BE(4);
    const isEncryption = encryptionRequests.includes(code);
    if (isEncryption) this.#letters += 1;
    else this.#isStarting = false;
    return { bytes: message, answers: code === cancelRequest ? 0 : 1 };
  }
}

function endOfMessage(bytes: Buffer, lengthAt: number): number | undefined {
  return bytes.length < lengthAt + 4 ? undefined : lengthAt + bytes.readInt32BE(lengthAt);
}
