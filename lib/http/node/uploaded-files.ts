import { createReadStream } from 'node:fs';
import { ConfigurationError } from '../../errors.js';
import { crypto } from '../../process/crypto.js';
import type { UploadedFile } from '../core/request-body.js';

/** A file, as multer has it, and in its other names as express-fileupload does. */
interface ParsedFile {
  readonly fieldname?: string;
  readonly originalname?: string;
  readonly name?: string;
  readonly mimetype?: string;
  readonly buffer?: Uint8Array;
  readonly data?: Uint8Array;
  readonly path?: string;
  readonly tempFilePath?: string;
}

/**
 * Returns the files that a parser of forms has put on a request, with their content or a digest of it.
 *
 * @param file One file: `req.file`.
 * @param files All of them: `req.files`, a list, or an object with one or several for each field.
 */
export async function uploadedFiles(file: unknown, files: unknown): Promise<readonly UploadedFile[]> {
  const found: [field: string | undefined, file: ParsedFile][] = [];
  if (file) found.push([undefined, file as ParsedFile]);
  if (Array.isArray(files)) for (const one of files) found.push([undefined, one]);
  else
    for (const [field, some] of Object.entries(files ?? {}))
      for (const one of [some].flat()) found.push([field, one]);
  return Promise.all(found.map(([field, one]) => uploadedFile(field, one)));
}

async function uploadedFile(field: string | undefined, file: ParsedFile): Promise<UploadedFile> {
  const facts = {
    field: file.fieldname ?? field ?? '',
    name: file.originalname ?? file.name ?? '',
    type: file.mimetype ?? '',
  };
  const path = file.path ?? file.tempFilePath;
  // With a file on disk, `data` is empty.
  if (path) return { ...facts, digest: await digestOfFile(path) };
  const bytes = file.buffer ?? file.data;
  if (bytes) return { ...facts, bytes };
  throw new ConfigurationError(
    'idempotency: the content of an uploaded file is neither in memory nor on disk, so two files could not be told apart; put the guard before the parser of forms',
  );
}

async function digestOfFile(path: string): Promise<string> {
  const hash = crypto().createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('base64url');
}
