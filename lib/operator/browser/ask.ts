import type { Refused, StatsLine } from '../page/messages.js';

/** Why the server did not answer, in words to be shown. */
export class AskError extends Error {
  override readonly name = 'AskError';
  readonly status: number;

  constructor(message: string, status = 0) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the server of the page.
 *
 * @throws {AskError}
 */
export async function ask<Answer>(name: string, body: object, signal?: AbortSignal): Promise<Answer> {
  const response = await post(name, body, signal);
  return (await response.json().catch(() => {
    throw new AskError('The server sent no answer that this page understands. Reload the page.');
  })) as Answer;
}

/**
 * Asks for what takes long. `onLine` is told each line of the answer.
 *
 * @throws {AskError}
 */
export async function follow(
  name: string,
  body: object,
  onLine: (line: StatsLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await post(name, body, signal);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const lines = (rest + part.value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(JSON.parse(line) as StatsLine);
  }
}

async function post(name: string, body: object, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(`api/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    // A login page in place of an answer would be followed otherwise.
    redirect: 'error',
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new AskError('The server cannot be reached, or has ended the session. Reload the page.');
  });
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as Partial<Refused>;
  throw new AskError(error ?? `The server answered ${response.status}. Reload the page.`, response.status);
}
