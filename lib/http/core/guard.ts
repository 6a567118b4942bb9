import { type PerformedOperation, performWatched } from '../../decorator/perform.js';
import { currentExecution } from '../../engine/execution/execution.js';
import type { CallReport, WatchedCall } from '../../engine/execution/replay-info.js';
import { notBegun, release, unknown, withoutOutcome } from '../../engine/execution/verdict.js';
import { ClaimLostError, IdempotencyError, InProgressError, OutcomeUnavailableError } from '../../errors.js';
import { steadyNow } from '../../process/steady-clock.js';
import { warnOnce } from '../../process/warnings.js';
import type { GuardedRequest, MadeResponse } from './guarded-request.js';
import type { HttpOptions, ResponseFacts } from './http-options.js';
import { InFlight } from './in-flight.js';
import { checkHttpOptions, performedOptions } from './option-checks.js';
import { DEFAULT_PROBLEM_TYPES, type ProblemAnswer, problemOf } from './problem.js';
import { headerIn, takesEncoding } from './recorded-headers.js';
import { isRecordedResponse, type RecordedResponse } from './recorded-response.js';
import { RequestIdentity } from './request-identity.js';
import { type RequestFault, RequestRefusedError } from './request-refused-error.js';
import { failureDecision, isOutcome } from './response-decisions.js';
import { RunTimes } from './run-times.js';

/** What becomes of a guarded request. */
export type GuardedAnswer =
  /** What the handler made is to be sent. */
  | { readonly from: 'handler' }
  /** A recorded response is to be sent in its place. */
  | { readonly from: 'record'; readonly response: RecordedResponse; readonly isReplay: boolean }
  /** The request is refused with this answer. */
  | { readonly from: 'guard'; readonly problem: ProblemAnswer; readonly error: unknown }
  /** The framework handles the error: the handler's own, or any by the option `errors`. */
  | { readonly from: 'error'; readonly error: unknown };

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** The name of a longer operation could not be one. */
const LONGEST_NAME = 200;

/** What an adapter is: its name in messages, and whether a key is required where nothing else is said. */
export interface AdapterFacts {
  readonly where: string;
  readonly isRequired: boolean;
}

/** What is known of a request while it is made. */
interface Handled {
  /** Once it counts as one that is under way. */
  scope?: string;
  /** What its own run returned, to tell it from what another one has recorded. */
  made?: unknown;
  /** What its handler threw. */
  thrown?: unknown;
}

/**
 * Decides about requests: which have a key, which are the same, what is recorded, and how one is refused. An adapter reads requests and
 * sends responses.
 */
export class HttpGuard<Request> {
  /** The header that has the key, in small letters, as in a `Vary` or an OpenAPI description. */
  readonly header: string;
  /** How many bytes `body` of a request is asked for. */
  readonly maxRequest: number;
  readonly maxBody: number;
  readonly #name: string;
  readonly #identity: RequestIdentity<Request>;
  readonly #operations = new Map<string, PerformedOperation>();
  readonly #engineOptions: Omit<PerformedOperation, 'name'>;
  readonly #runTimes = new RunTimes();
  readonly #inFlight: InFlight;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(
    readonly given: HttpOptions<Request>,
    readonly adapter: AdapterFacts,
  ) {
    const { where } = adapter;
    checkHttpOptions(given, where);
    const { name = 'http', header = 'Idempotency-Key', maxKey = 255, maxRequest = 1_048_576 } = given;
    const { maxBody = 262_144, maxInFlight = 1_000 } = given;
    this.#name = name;
    this.header = header.toLowerCase();
    this.maxRequest = maxRequest;
    this.maxBody = maxBody;
    const refused = (fault: RequestFault) => this.#refused(fault);
    this.#identity = new RequestIdentity({
      options: given,
      header: this.header,
      maxKey,
      maxRequest,
      where,
      refused,
    });
    this.#engineOptions = performedOptions(given);
    this.#inFlight = new InFlight(maxInFlight);
  }

  /**
   * Whether the request is guarded: its method may change something, and it has a key, or has to have one.
   *
   * @param isRequired Whether it has to, unless the option `required` says so. Default: what the adapter says of all requests.
   */
  concerns(
    request: Pick<GuardedRequest, 'method' | 'header'>,
    isRequired = this.adapter.isRequired,
  ): boolean {
    if (safeMethods.has(request.method)) return false;
    return (this.given.required ?? isRequired) || request.header(this.header).length > 0;
  }

  /**
   * Makes the request at most once. Never throws.
   *
   * @param args The framework's request, and a Lambda context where there is one.
   * @param run Calls the handler, and resolves when its response has ended. Rejects where it breaks.
   * @param self The instance whose method handles the request. Options that are functions have it as `this`.
   */
  async perform(
    request: GuardedRequest,
    args: readonly [Request, ...unknown[]],
    run: () => MadeResponse | Promise<MadeResponse>,
    self?: unknown,
  ): Promise<GuardedAnswer> {
    const handled: Handled = {};
    try {
      return await this.#perform(request, args, run, self, handled);
    } catch (error) {
      if (error === handled.thrown) return { from: 'error', error };
      const fitting = this.#fitting(error);
      const problem = this.problemFor(fitting);
      return problem ? { from: 'guard', problem, error: fitting } : { from: 'error', error: fitting };
    } finally {
      if (handled.scope !== undefined) this.#inFlight.leave(handled.scope);
    }
  }

  /** Returns what answers an error of this library, or `undefined` where the framework answers it. */
  problemFor(error: unknown): ProblemAnswer | undefined {
    if (this.given.errors === 'framework') return undefined;
    const problem = problemOf(error, { types: this.given.problemTypes ?? DEFAULT_PROBLEM_TYPES });
    if (problem) this.#tellOwner(error);
    return problem;
  }

  /** Tells that this guard leaves a request alone, since one before it has that. Whom a key belongs to is what that one says. */
  tellOfAnother(): void {
    const { where } = this.adapter;
    warnOnce(
      `several-guards:${where}:${this.#name}`,
      'RETRYSAFE_SEVERAL_GUARDS',
      `${where}: a guard before this one has the request, so this one does nothing, and nobody asks its \`scope\`; let one guard be on the way to each handler`,
    );
  }

  /** The client is not told what is wrong with the service, and nobody else sees the error. */
  #tellOwner(error: unknown): void {
    if (!(error instanceof IdempotencyError) || error.advice !== 'fix-code') return;
    const { where } = this.adapter;
    const { code, message } = error;
    warnOnce(`misconfigured:${where}:${code}`, 'RETRYSAFE_MISCONFIGURED', message);
  }

  async #perform(
    request: GuardedRequest,
    args: readonly [Request, ...unknown[]],
    run: () => MadeResponse | Promise<MadeResponse>,
    self: unknown,
    handled: Handled,
  ): Promise<GuardedAnswer> {
    const [original] = args;
    const requestKey = this.#identity.keyOf(request);
    const whose = this.#identity.scopeOf(original, self);
    const scope = typeof whose === 'string' ? whose : await whose;
    if (!this.#inFlight.enter(scope)) throw this.#refused('too-many-in-flight');
    handled.scope = scope;
    const compared = this.#identity.fingerprintOf(request, original, self);
    const fingerprint = typeof compared === 'string' ? compared : await compared;
    const { method, route, path } = request;
    const operation = this.#operationOf(request);
    const key = JSON.stringify([method, route ?? path, requestKey]);
    const call = { key, scope, fingerprint, args, self };
    const watched: WatchedCall = {};
    const value = await performWatched(
      operation,
      call,
      () => this.#run(operation, run, self, handled),
      watched,
    );
    if (handled.made !== undefined && value === handled.made) return { from: 'handler' };
    return this.#answerOf(request, value, watched.call as CallReport);
  }

  /** Calls the handler, and tells the engine what becomes of the key. */
  async #run(
    { name }: PerformedOperation,
    run: () => MadeResponse | Promise<MadeResponse>,
    self: unknown,
    handled: Handled,
  ): Promise<unknown> {
    const beganAt = steadyNow();
    let made: MadeResponse;
    try {
      made = await run();
    } catch (error) {
      // A run that is given up rejects with the reason of its signal, which is the guard's to tell.
      if (!isOwnLoss(error)) handled.thrown = error;
      throw error;
    }
    const own = made.recorded ?? made;
    handled.made = own;
    if (made.hasRun === false) return notBegun(own);
    this.#runTimes.learn(name, steadyNow() - beganAt);
    const response = factsOf(made);
    if (!isOutcome(this.given, this.adapter.where, self, response))
      return failureDecision(this.given, self, response) === 'unknown' ? unknown(own) : release(own);
    return made.recorded ?? withoutOutcome(own, made.unrecorded ?? 'its body was not recorded');
  }

  #answerOf(
    request: GuardedRequest,
    value: unknown,
    { operation, key, replayed }: CallReport,
  ): GuardedAnswer {
    if (!isRecordedResponse(value)) {
      throw new OutcomeUnavailableError(
        `${operation}: what is recorded under ${key} is no response; name the guard differently from other operations, and let \`onAbandoned\` return what \`responseOutcome\` makes`,
        { operation, key },
      );
    }
    const isReplay = replayed !== undefined;
    const encoding = headerIn(value.headers, 'content-encoding');
    const accepted = request.header('accept-encoding');
    if (isReplay && !takesEncoding(accepted.length === 0 ? undefined : accepted.join(), encoding))
      throw this.#refused('encoding-refused');
    return { from: 'record', response: value, isReplay };
  }

  /** Returns the error of a running request with the seconds that the work may still take. The engine knows those of the lease. */
  #fitting(error: unknown): unknown {
    if (!(error instanceof InProgressError) || error.operation === undefined) return error;
    const { message, operation, key, startedAt } = error;
    const retryAfter = this.#runTimes.secondsLeft(operation, startedAt);
    return new InProgressError(message, { operation, key, startedAt, retryAfter, cause: error });
  }

  #operationOf({ method, route }: GuardedRequest): PerformedOperation {
    const name = this.#name;
    // Without a pattern, each path would be an operation of its own.
    const whole = route === undefined ? name : `${name} ${method} ${route}`.trim();
    const operation = whole.length > LONGEST_NAME ? name : whole;
    const known = this.#operations.get(operation);
    if (known) return known;
    const made = { ...this.#engineOptions, name: operation };
    this.#operations.set(operation, made);
    return made;
  }

  #refused(fault: RequestFault): RequestRefusedError {
    const { where } = this.adapter;
    const more = fault === 'unscoped' ? { statusCode: this.given.unscopedStatus ?? 401 } : {};
    return new RequestRefusedError(`${where}: ${messages[fault]}`, { fault, ...more });
  }
}

function isOwnLoss(error: unknown): boolean {
  return error instanceof ClaimLostError && currentExecution().signal.reason === error;
}

const messages: Readonly<Record<RequestFault, string>> = {
  'key-missing':
    'the request has no idempotency key; let its sender set the header, or set `required: false`',
  'key-malformed':
    'the key of the request is neither a structured-field string nor a bare value; let its sender correct it',
  'key-too-long': 'the key of the request is longer than `maxKey`; let its sender use a shorter one',
  'key-repeated': 'the request has several lines of the key; let its sender send one',
  unscoped: '`scope` yields nothing for the request; authenticate requests before the guard',
  'body-too-large':
    'the body of the request is larger than `maxRequest`; raise that, or let its sender send less',
  'too-many-in-flight':
    'as many requests of this scope are under way as `maxInFlight` allows; let its sender try again',
  'encoding-refused':
    'the recorded response is compressed in a way that the request does not accept; put the compression before the guard',
};

function factsOf({ status, headers }: MadeResponse): ResponseFacts {
  return { status, header: (name) => headerIn(headers, name) };
}
