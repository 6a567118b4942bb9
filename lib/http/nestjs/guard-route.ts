import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { HttpGuard } from '../core/guard.js';
import { guardNodeResponse } from '../node/guard-node-response.js';
import { ignoreFurtherAnswers } from './further-answers.js';
import type { NativeCall } from './native-call.js';
import { answerByProblem } from './problem-filter.js';
import { headBeforeRoute } from './route-headers.js';
import { RoutePipeline } from './route-pipeline.js';

/** Makes a call of a route at most once, and returns what Nest gets of it. The response is what is recorded, whoever writes it. */
export function guardRoute(
  guard: HttpGuard<unknown>,
  { request, response, req, res, guarded }: NativeCall,
  context: ExecutionContext,
  next: CallHandler,
): Promise<Observable<unknown>> {
  const pipeline = new RoutePipeline(res, next, (error) => {
    const problem = guard.problemFor(error);
    if (problem) answerByProblem(error, problem);
  });
  const putBack = headBeforeRoute(response, context);
  let refusal: unknown;
  guardNodeResponse({
    guard,
    request: guarded,
    args: [request],
    req,
    res,
    handle: () => {
      putBack();
      return pipeline.begin();
    },
    fail: (error) => pipeline.fail(error),
    hasRun: () => pipeline.hasRun,
    refused: (error) => {
      refusal = error;
      answerByProblem(error, 'sent');
    },
  }).then((from) => {
    if (from === 'record' || from === 'guard') ignoreFurtherAnswers(response);
    pipeline.answered(from, refusal);
  });
  return pipeline.result;
}
