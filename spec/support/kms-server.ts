import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KMSClient } from '@aws-sdk/client-kms';

/** What the two requests have that are known here, as the AWS SDK writes them. */
interface KmsRequest {
  readonly KeyId?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

/** Stands for KMS, of which there is none that runs on one machine: it speaks its protocol as far as data keys need it. */
export class KmsServer {
  /** The targets of all requests. */
  readonly requests: string[] = [];
  readonly #keys = new Map<string, Buffer>();
  readonly #server = createServer((request, response) => void this.#respond(request, response));
  readonly #clients: KMSClient[] = [];

  /** Starts a server with these keys of KMS. */
  static async start(...keyIds: readonly string[]): Promise<KmsServer> {
    const kms = new KmsServer();
    for (const id of keyIds) kms.#keys.set(id, randomBytes(32));
    kms.#server.listen(0, '127.0.0.1');
    await once(kms.#server, 'listening');
    return kms;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A client of its own, destroyed with the server. */
  client(): KMSClient {
    const client = new KMSClient({
      endpoint: this.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
    this.#clients.push(client);
    return client;
  }

  /** No data key of this key can be decrypted from now on. */
  remove(keyId: string): void {
    this.#keys.delete(keyId);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, target = ''] = String(request.headers['x-amz-target']).split('TrentService.');
    this.requests.push(target);
    let body = '';
    for await (const chunk of request) body += chunk;
    const [status, answer] = this.#answer(target, JSON.parse(body));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer));
  }

  #answer(target: string, asked: KmsRequest): [status: number, answer: object] {
    const { KeyId = '', CiphertextBlob = '', EncryptionContext = {} } = asked;
    const key = this.#keys.get(KeyId);
    if (!key) return fault('NotFoundException', `there is no key ${KeyId}`);
    const context = Buffer.from(JSON.stringify(Object.entries(EncryptionContext).sort()));
    if (target === 'GenerateDataKeyWithoutPlaintext')
      return [200, { KeyId, CiphertextBlob: wrap(key, randomBytes(32), context).toString('base64') }];
    if (target !== 'Decrypt') return fault('UnknownOperationException', target);
    try {
      const bytes = unwrap(key, Buffer.from(CiphertextBlob, 'base64'), context);
      return [200, { KeyId, Plaintext: bytes.toString('base64') }];
    } catch {
      return fault('InvalidCiphertextException', 'another key or another context');
    }
  }
}

function fault(type: string, message: string): [status: number, answer: object] {
  return [400, { __type: type, message }];
}

function wrap(key: Buffer, bytes: Buffer, context: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context);
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(key: Buffer, wrapped: Buffer, context: Buffer): Buffer {
  const options = { authTagLength: 16 };
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12), options).setAAD(context);
  decipher.setAuthTag(wrapped.subarray(-16));
  return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
}
