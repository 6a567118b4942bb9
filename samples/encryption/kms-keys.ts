import { DecryptCommand, GenerateDataKeyWithoutPlaintextCommand, type KMSClient } from '@aws-sdk/client-kms';

/**
 * The data keys of a service, as its configuration has them: encrypted by a key of KMS, in base64. They are no secret, and may be in the
 * repository.
 */
export interface WrappedKeys {
  /** The id of the one that encrypts. */
  readonly current: string;
  readonly keys: Readonly<Record<string, string>>;
}

/** KMS decrypts a data key only where the same is said again, and writes it into CloudTrail. */
const contextOf = (id: string) => ({ purpose: 'retrysafe outcomes', id });

/** Makes a data key that nobody has seen, and returns it as the configuration takes it. */
export async function wrapNewKey(client: KMSClient, kmsKeyId: string, id: string): Promise<string> {
  const { CiphertextBlob } = await client.send(
    new GenerateDataKeyWithoutPlaintextCommand({
      KeyId: kmsKeyId,
      KeySpec: 'AES_256',
      EncryptionContext: contextOf(id),
    }),
  );
  if (!CiphertextBlob) throw new Error(`KMS returned no data key for ${id}`);
  return Buffer.from(CiphertextBlob).toString('base64');
}

/**
 * Decrypts the data keys, one request each, when the service starts: from then on they are in its memory, and no call waits for KMS.
 * Rejects where KMS decrypts none of that id, so that a service does not start without its keys.
 */
export async function openKeys(
  client: KMSClient,
  kmsKeyId: string,
  { keys }: WrappedKeys,
): Promise<Record<string, Uint8Array>> {
  const opened = Object.entries(keys).map(async ([id, wrapped]) => {
    const { Plaintext } = await client.send(
      new DecryptCommand({
        // Without it, whoever can write the configuration could have a key of another account used.
        KeyId: kmsKeyId,
        CiphertextBlob: Buffer.from(wrapped, 'base64'),
        EncryptionContext: contextOf(id),
      }),
    );
    if (!Plaintext) throw new Error(`KMS returned no bytes for the data key ${id}`);
    return [id, Plaintext] as const;
  });
  return Object.fromEntries(await Promise.all(opened));
}
