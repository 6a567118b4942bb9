import type { RecordState } from 'retrysafe';

/** What a statement is for; `complete` is a completion in the application's own transaction. */
export type StatementKind =
  | 'claim'
  | 'take-over'
  | 'renewal'
  | 'completion'
  | 'release'
  | 'unknown'
  | 'find'
  | 'complete'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'listen'
  | 'other';

/** A statement as a client of PostgreSQL sends it. */
export interface PostgresStatement {
  readonly kind: StatementKind;
  readonly text: string;
  /** The idempotency key of the record that it writes or looks for. */
  readonly key: string | undefined;
}

/** A message of the protocol ("Message Formats" in PostgreSQL's documentation), and the bytes that it came in. */
export interface Message {
  /** Nothing where it opens a connection. */
  readonly type: string | undefined;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** Cuts a stream into messages. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @param isOpening Whether a message without a type comes first, as clients send it. */
  constructor(private isOpening = false) {}

  read(chunk: Buffer): Message[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    for (;;) {
      const typeLength = this.isOpening ? 0 : 1;
      if (this.#rest.length < typeLength + 4) return messages;
      const length = typeLength + this.#rest.readInt32BE(typeLength);
      if (this.#rest.length < length) return messages;
      const bytes = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      const type = this.isOpening ? undefined : String.fromCharCode(bytes[0] as number);
      messages.push({ type, body: bytes.subarray(typeLength + 4), bytes });
      this.isOpening = false;
    }
  }
}

/** The statement in the messages of one request: a `Query`, or a `Parse` and a `Bind`. */
export function describeStatement(messages: readonly Message[]): PostgresStatement {
  const query = messages.find(({ type }) => type === 'Q')?.body;
  if (query) return { kind: kindOf(textAt(query, 0), []), text: textAt(query, 0), key: undefined };
  const parse = messages.find(({ type }) => type === 'P')?.body ?? Buffer.alloc(2);
  const text = textAt(parse, Buffer.byteLength(textAt(parse, 0)) + 1);
  const bind = messages.find(({ type }) => type === 'B')?.body;
  const values = bind ? valuesOf(bind) : [];
  const kind = kindOf(text, values);
  const isOfStore = kind === 'find' || values.length >= 5;
  return { kind, text, key: isOfStore ? values[0] : undefined };
}

/** What a server answered: the SQLSTATE of an error, or what was done. */
export function answerOf({ type, body }: Message): { readonly code?: string; readonly tag?: string } {
  if (type === 'C') return { tag: textAt(body, 0) };
  if (type !== 'E') return {};
  const fields = body.toString().split('\0');
  return { code: String(fields.find((field) => field.startsWith('C'))?.slice(1)) };
}

function kindOf(text: string, values: readonly string[]): StatementKind {
  const [word = ''] = text.trimStart().toLowerCase().split(/\W/, 1);
  switch (word) {
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'listen':
      return word;
    case 'insert':
      return text.includes(' AS held ') ? 'claim' : 'other';
    case 'select':
      return text.includes('AS "expiresAt"') ? 'find' : 'other';
    case 'update':
      return text.includes(' AS held ') ? kindOfReplace(text, values) : 'other';
  }
  return 'other';
}

function kindOfReplace(text: string, values: readonly string[]): StatementKind {
  if (text.includes('AND held.token = next.follows')) return 'complete';
  const [, token = '', , state = '{}', follows = ''] = values;
  switch ((JSON.parse(state) as RecordState).status) {
    case 'completed':
      return 'completion';
    case 'released':
      return 'release';
    case 'unknown':
      return 'unknown';
    case 'in-progress':
      return ownerOf(token) === ownerOf(follows) ? 'renewal' : 'take-over';
  }
}

function ownerOf(token: string): string | undefined {
  return token.split('.')[0];
}

function textAt(body: Buffer, start: number): string {
  return body.toString('utf8', start, body.indexOf(0, start));
}

function valuesOf(bind: Buffer): string[] {
  // The portal's name, the statement's name, how the values are written, and then the values.
  let at = bind.indexOf(0, bind.indexOf(0) + 1) + 1;
  at += 2 + 2 * bind.readInt16BE(at);
  const count = bind.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = Math.max(0, bind.readInt32BE(at));
    at += 4 + length;
    return bind.toString('utf8', at - length, at);
  });
}
