import { fail, skip } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';
import type { HttpTarget } from '../http-target.js';
import { valuesOf } from '../same-answer.js';
import type { HttpAnswer } from '../send-request.js';

/** The refusals of draft-07 §2.7 that the server sends, by what is wrong with the request. */
type Refusals = Readonly<Record<string, HttpAnswer>>;

/** The members of RFC 9457 §3.1 that the checks look at. */
interface Problem {
  readonly type?: unknown;
  readonly title?: unknown;
  readonly status?: unknown;
}

const problemDetails: HttpCheck = {
  id: 'problem-details',
  title: 'errors are problem details with type, title and status',
  section: 'draft-07 §2.7 (examples), RFC 9457 §3',
  level: 'custom',
  async run(target) {
    for (const [what, answer] of Object.entries(await refusalsOf(target))) {
      const [contentType = 'none'] = valuesOf(answer, 'content-type');
      if (!isProblemType(contentType))
        fail(`the answer to ${what} is not of the type application/problem+json`);
      const { type, title, status } = problemIn(answer) ?? fail(`the answer to ${what} is no JSON object`);
      if (typeof type !== 'string' || !URL.canParse(type, 'http://localhost'))
        fail(`the answer to ${what} has no type that is a URI`);
      if (typeof title !== 'string' || title === '') fail(`the answer to ${what} has no title`);
      if (typeof status !== 'number') fail(`the answer to ${what} has no status that is a number`);
    }
  },
};

const problemStatus: HttpCheck = {
  id: 'problem-status',
  title: 'the status in a problem is that of the answer',
  section: 'RFC 9457 §3.1.2',
  level: 'MUST',
  async run(target) {
    let compared = 0;
    for (const [what, answer] of Object.entries(await refusalsOf(target))) {
      const [contentType = ''] = valuesOf(answer, 'content-type');
      const { status } = (isProblemType(contentType) && problemIn(answer)) || {};
      if (status === undefined) continue;
      compared += 1;
      if (status !== answer.status)
        fail(`the answer to ${what} says another status than its own, which is ${answer.status}`);
    }
    if (compared === 0) skip('no error is a problem with a status');
  },
};

const problemLink: HttpCheck = {
  id: 'problem-link',
  title: 'errors 400 and 422 link to their documentation',
  section: 'draft-07 §2.7',
  level: 'SHOULD',
  async run(target) {
    const refusals = Object.entries(await refusalsOf(target));
    const linking = refusals.filter(([, { status }]) => status === 400 || status === 422);
    if (linking.length === 0) skip('no request is answered 400 or 422');
    for (const [what, answer] of linking) {
      const { type } = problemIn(answer) ?? {};
      const hasLink =
        valuesOf(answer, 'link').some((value) => value.includes('<')) ||
        /\bhttps?:\/\//.test(answer.body.toString()) ||
        (typeof type === 'string' && type.startsWith('/'));
      if (!hasLink) fail(`the answer to ${what} has no link, neither in its body nor as a Link field`);
    }
  },
};

/** Provokes each refusal. What the server does not refuse fails a check of its own. */
async function refusalsOf(target: HttpTarget): Promise<Refusals> {
  const key = target.freshKey();
  await target.sendFirst({ key });
  const [conflict] = await target.conflicts();
  const answers = {
    'a request without a key': await target.send(),
    'a reused key': await target.send({ key, body: target.settings.otherBody }),
    ...(conflict ? { 'a copy of a running request': conflict } : {}),
  };
  const refusals = Object.entries(answers).filter(([, { status }]) => status >= 400 && status < 500);
  if (refusals.length === 0) skip('no request is refused');
  return Object.fromEntries(refusals);
}

function isProblemType(contentType: string): boolean {
  return /^application\/problem\+json\s*(;|$)/i.test(contentType);
}

function problemIn({ body }: HttpAnswer): Problem | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What errors look like. */
export const errorChecks: readonly HttpCheck[] = [problemDetails, problemStatus, problemLink];
