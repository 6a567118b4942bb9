import type { OperatorPage } from 'retrysafe/operator';

const origin = 'https://ops.example.com';

/** What a browser sends with a request of the page's own script. */
export const sameOrigin = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

/** Sends a page a request for a path. */
export function get(page: OperatorPage, path: string, init: RequestInit = {}): Promise<Response> {
  return page(new Request(origin + path, init));
}

/** Asks a page at `/` what its script asks. */
export function post(
  page: OperatorPage,
  name: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = sameOrigin,
): Promise<Response> {
  return get(page, `/api/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** The answer to a question, as JSON. */
export async function answerOf<Answer>(page: OperatorPage, name: string, body: unknown): Promise<Answer> {
  const response = await post(page, name, body);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
