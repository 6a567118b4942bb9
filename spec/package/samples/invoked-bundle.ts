import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** What an invocation answered with, and what it wrote to its log. */
export interface Invoked {
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
  /** Its standard output and its standard error, line by line. */
  readonly log: string[];
  readonly errors: string[];
}

// What Lambda does around a handler, as far as a handler can see it.
const runtime = `
process.once('message', async ({ file, name, event, timeout }) => {
  const endsAt = Date.now() + timeout;
  const context = { awsRequestId: 'r-1', functionName: name, getRemainingTimeInMillis: () => endsAt - Date.now() };
  try {
    process.send({ result: await require(file)[name](event, context) });
  } catch ({ name, message }) {
    process.send({ error: { name, message } });
  }
  process.disconnect();
});`;

/** Invokes a handler of a bundle in a process of its own, as a function that has just been started. */
export async function invoke(
  folder: string,
  {
    handler,
    event,
    timeout,
  }: { readonly handler: string; readonly event: unknown; readonly timeout: number },
  environment: NodeJS.ProcessEnv,
): Promise<Invoked> {
  const [file, name] = handler.split('.');
  const child = spawn(process.execPath, ['-e', runtime], {
    env: { PATH: process.env.PATH, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log = linesOf(child.stdout);
  const errors = linesOf(child.stderr);
  const closed = once(child, 'close');
  child.send({ file: join(folder, `${file}.js`), name, event, timeout: timeout * 1_000 });
  const answer = await Promise.race([once(child, 'message'), closed.then(() => undefined)]);
  await closed;
  if (!answer) throw new Error(`${handler} ended without an answer: ${errors().join('\n')}`);
  return { ...answer[0], log: log(), errors: errors() };
}

function linesOf(stream: Readable | null): () => string[] {
  let written = '';
  stream?.on('data', (chunk) => {
    written += chunk;
  });
  return () => written.split('\n').filter((line) => line !== '');
}
