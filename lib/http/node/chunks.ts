import { isUint8Array } from 'node:util/types';

/** What is written to a response. */
export type Chunk = string | Uint8Array;

/** Told when a chunk is on its way. */
export type Written = (error?: Error | null) => void;

/** A chunk, as it was written. */
export interface Part {
  readonly chunk: Chunk | undefined;
  readonly encoding: BufferEncoding | undefined;
}

export function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || isUint8Array(value);
}

export function bytesOf(chunk: Chunk, encoding: BufferEncoding | undefined): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}

/** Returns a chunk that its writer does not change: it may use its buffer again when it was told that the chunk is on its way. */
export function keptPart(chunk: Chunk, encoding: BufferEncoding | undefined): Part {
  return { chunk: typeof chunk === 'string' ? chunk : Buffer.from(chunk), encoding };
}

/** Takes a chunk that goes nowhere. */
export function ignored(callback: Written | undefined): true {
  if (typeof callback === 'function') queueMicrotask(() => callback(null));
  return true;
}
