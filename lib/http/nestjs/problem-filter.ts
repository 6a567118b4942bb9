import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { ProblemAnswer } from '../core/problem.js';
import { sendAnswer } from '../node/send-answer.js';
import { isFastifyReply, type PlatformResponse } from './native-call.js';

/** How errors are answered: by a problem, or not at all, where that is sent. */
const answers = new WeakMap<object, ProblemAnswer | 'sent'>();

/** Lets the filter of the route answer an error of this library, before other filters are asked. */
export function answerByProblem(error: unknown, answer: ProblemAnswer | 'sent'): void {
  answers.set(error as object, answer);
}

/** Every error that has an answer is an instance of this, for Nest. */
// biome-ignore lint/complexity/noStaticOnlyClass: Nest asks by `instanceof`
class AnsweredByProblem {
  static [Symbol.hasInstance](error: unknown): boolean {
    return typeof error === 'object' && error !== null && answers.has(error);
  }
}

/** Answers errors with problem details. */
export class ProblemFilter implements ExceptionFilter {
  catch(error: object, host: ArgumentsHost): void {
    const problem = answers.get(error);
    if (problem === undefined || problem === 'sent') return;
    const response = host.switchToHttp().getResponse<PlatformResponse>();
    if (!isFastifyReply(response)) {
      return sendAnswer(response, { from: 'guard', problem, error }, (fault) => {
        throw fault;
      });
    }
    const { status, headers, body } = problem;
    // Bytes, since Fastify adds a parameter to the content type of a text.
    response
      .code(status)
      .headers(headers)
      .send(Buffer.from(JSON.stringify(body)));
  }
}

Catch(AnsweredByProblem)(ProblemFilter);
