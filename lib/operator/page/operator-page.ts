import type { Desk } from '../desk.js';
import { deskOf } from '../desk-of.js';
import { knownOperations } from '../known-operations.js';
import { answerQuestion, type PageFacts } from './page-answers.js';
import { pageDocument, pageScript, pageStyle } from './page-assets.js';
import { jsonAnswer, pageAnswer } from './page-headers.js';
import { checkPageOptions, type OperatorPageOptions } from './page-options.js';
import { PageRefusal } from './page-refusal.js';
import { checkSameOrigin, readBody } from './page-request.js';
import { ratesOfProcess } from './rates.js';

/** Answers a request to the operator's page. */
export type OperatorPage = (request: Request) => Promise<Response>;

/**
 * Returns a page for the people who look after the records: it lists them, shows the life of one, and resolves those whose outcome is unknown. It
 * is a fetch handler for `basePath` and all below it, to be put into an application that knows who asks.
 *
 * Nothing of it is stored, and what the page asks its server is private: it may change with every version.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
export function operatorPage(options: OperatorPageOptions): OperatorPage {
  checkPageOptions(options);
  const { stores, operations = [], ...rest } = options;
  const known = knownOperations(operations);
  const desks = Object.entries(stores).map(
    ([name, store]) => [name, deskOf(store, { operations: known })] as const,
  );
  return pageOfDesks(new Map(desks), rest, [...known.keys()]);
}

/** Returns the page of these desks, by their names. `operations`: the names of those whose options the desks know. */
export function pageOfDesks(
  desks: ReadonlyMap<string, Desk>,
  options: Omit<OperatorPageOptions, 'stores' | 'operations'>,
  operations: readonly string[] = [],
): OperatorPage {
  const { authorize, basePath = '/', traceUrl, reveal = true, readOnly = false, rates = true } = options;
  const base = basePath.endsWith('/') ? basePath : `${basePath}/`;
  const facts = {
    desks,
    operations,
    mayReveal: reveal,
    mayResolve: !readOnly,
    rates: rates ? ratesOfProcess() : undefined,
    traceUrl,
  };
  return async (request) => {
    try {
      return await answer(request, base, { ...facts, authorize });
    } catch (error) {
      if (!(error instanceof PageRefusal)) throw error;
      return jsonAnswer({ error: error.message }, error.status, error.headers);
    }
  };
}

interface Page extends Omit<PageFacts, 'operator'> {
  readonly authorize: OperatorPageOptions['authorize'];
}

async function answer(request: Request, base: string, { authorize, ...facts }: Page): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  if (`${pathname}/` !== base && !pathname.startsWith(base)) throw notFound();
  const path = pathname.slice(base.length);
  const question = path.startsWith('api/') ? path.slice('api/'.length) : undefined;
  // Before anything of the application runs for it.
  if (question !== undefined) checkQuestion(request);
  const operator = await authorize(request);
  if (operator === undefined)
    throw new PageRefusal(403, 'You are not signed in, or may not look after records.');
  if (!isName(operator))
    throw new TypeError(
      'operatorPage: "authorize" returned no name; expected a text of 1 to 200 characters, or undefined',
    );
  if (question !== undefined)
    return answerQuestion({ ...facts, operator }, question, await readBody(request), request.signal);
  return file(request, pathname.length < base.length ? undefined : path, base, search);
}

function checkQuestion(request: Request): void {
  if (request.method !== 'POST') throw new PageRefusal(405, 'Send a POST.', { allow: 'POST' });
  checkSameOrigin(request);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 200;
}

const files: Readonly<Record<string, readonly [text: string, type: string]>> = {
  '': [pageDocument('page.js', 'Starting…'), 'text/html'],
  'page.css': [pageStyle, 'text/css'],
  'page.js': [pageScript, 'text/javascript'],
};

/** `path` is that below the base, and absent for the base without the slash at its end, from where relative addresses lead elsewhere. */
function file({ method }: Request, path: string | undefined, base: string, search: string): Response {
  if (method !== 'GET' && method !== 'HEAD')
    throw new PageRefusal(405, 'Send a GET.', { allow: 'GET, HEAD' });
  if (path === undefined) {
    const location = `${base.split('/').at(-2)}/${search}`;
    return pageAnswer('', 'text/plain', { status: 307, headers: { location } });
  }
  if (!Object.hasOwn(files, path)) throw notFound();
  const [text, type] = files[path] as (typeof files)[string];
  return pageAnswer(method === 'HEAD' ? '' : text, type);
}

function notFound(): PageRefusal {
  return new PageRefusal(404, 'There is nothing at this address.');
}
