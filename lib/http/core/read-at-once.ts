import type { BodyRecording } from './body-recording.js';

export type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/** The beginning of a body. */
export interface Begun {
  readonly chunks: readonly Uint8Array[];
  readonly isDone: boolean;
  /** The read that has not been answered. */
  readonly pending?: ReturnType<BodyReader['read']>;
}

/** Reads what is there in this turn of the event loop, as far as it is recorded. A body that ends with it is whole. */
export async function readAtOnce(reader: BodyReader, recording: BodyRecording): Promise<Begun> {
  const chunks: Uint8Array[] = [];
  const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
  while (recording.isWhole) {
    const pending = reader.read();
    const read = await Promise.race([pending, turn]);
    if (!read) return { chunks, isDone: false, pending };
    if (read.done) return { chunks, isDone: true };
    recording.add(read.value);
    chunks.push(read.value);
  }
  return { chunks, isDone: false };
}
