// Prints a new data key as the configuration takes it. It needs the permission kms:GenerateDataKeyWithoutPlaintext:
//
//   node new-key.js alias/retrysafe-outcomes 2026-12
import { KMSClient } from '@aws-sdk/client-kms';
import { wrapNewKey } from './kms-keys.js';

const [kmsKeyId, id] = process.argv.slice(2);
if (!kmsKeyId || !id) {
  console.error(
    'Say the key of KMS and the id of the new data key, such as alias/retrysafe-outcomes 2026-12.',
  );
  process.exit(2);
}
const wrapped = await wrapNewKey(new KMSClient(), kmsKeyId, id);
console.log(JSON.stringify({ [id]: wrapped }));
