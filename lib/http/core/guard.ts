import { type PerformedOperation, performWatched } from '../../decorator/perform.js';
import { currentExecution } from '../../engine/execution/execution.js';
import type { CallReport } from '../../engine/execution/replay-info.js';
import { notBegun, release, unknown, withoutOutcome } from '../../engine/execution/verdict.js';
import {
  ClaimLostError,
  ConfigurationError,
  IdempotencyError,
  InProgressError,
  KeyError,
  OutcomeUnavailableError,
} from '../../errors.js';
import { canonicalText } from '../../key/canonical.js';
import { sha256 } from '../../key/digest.js';
import { kindOfData } from '../../options/wrong-option.js';
import { steadyNow } from '../../process/steady-clock.js';
import { warnOnce } from '../../process/warnings.js';
import { type ListedClasses, listedClasses } from '../../values/listed-classes.js';
import { bodyIdentity, bytesIdentity, essenceOf } from './body-identity.js';
import type { GuardedRequest, MadeResponse } from './guarded-request.js';
import type { HttpOptions, RequestParts, ResponseFacts } from './http-options.js';
import { InFlight } from './in-flight.js';
import { readKey } from './key-header.js';
import { checkHttpOptions, performedOptions } from './option-checks.js';
import { DEFAULT_PROBLEM_TYPES, type ProblemAnswer, problemOf } from './problem.js';
import { headerIn, takesEncoding } from './recorded-headers.js';
import { isRecordedResponse, type RecordedResponse } from './recorded-response.js';
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

const noClasses = listedClasses(undefined, undefined) as ListedClasses;

/** What an adapter is: its name in messages, and whether a key is required where nothing else is said. */
export interface AdapterFacts {
  readonly where: string;
  readonly isRequired: boolean;
}

/**
 * Decides about requests: which have a key, which are the same, what is recorded, and how one is refused. An adapter reads requests and
 * sends responses.
 */
export class HttpGuard<Request> {
  readonly #options: Required<
    Pick<HttpOptions<Request>, 'name' | 'maxKey' | 'maxRequest' | 'maxBody' | 'problemTypes'>
  >;
  readonly #operations = new Map<string, PerformedOperation>();
  readonly #engineOptions: Omit<PerformedOperation, 'name'>;
  readonly #runTimes = new RunTimes();
  readonly #inFlight: InFlight;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(
    readonly given: HttpOptions<Request>,
    readonly adapter: AdapterFacts,
  ) {
    checkHttpOptions(given, adapter.where);
    const { name = 'http', header = 'Idempotency-Key', maxKey = 255, maxRequest = 1_048_576 } = given;
    const { maxBody = 262_144, problemTypes = DEFAULT_PROBLEM_TYPES, maxInFlight = 1_000 } = given;
    this.#options = { name, maxKey, maxRequest, maxBody, problemTypes };
    this.header = header.toLowerCase();
    this.#engineOptions = performedOptions(given);
    this.#inFlight = new InFlight(maxInFlight);
  }

  /** The header that has the key, in small letters, as in a `Vary` or an OpenAPI description. */
  readonly header: string;

  get maxBody(): number {
    return this.#options.maxBody;
  }

  /** How many bytes `body` of a request is asked for. */
  get maxRequest(): number {
    return this.#options.maxRequest;
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
    let thrown: unknown;
    const runOnce = async () => {
      try {
        return await run();
      } catch (error) {
        // A run that is given up rejects with the reason of its signal, which is the guard's to tell.
        if (!isOwnLoss(error)) thrown = error;
        throw error;
      }
    };
    try {
      return await this.#perform(request, args, runOnce, self);
    } catch (error) {
      if (error === thrown) return { from: 'error', error };
      const fitting = this.#fitting(error);
      const problem = this.problemFor(fitting);
      return problem ? { from: 'guard', problem, error: fitting } : { from: 'error', error: fitting };
    }
  }

  /** Returns what answers an error of this library, or `undefined` where the framework answers it. */
  problemFor(error: unknown): ProblemAnswer | undefined {
    if (this.given.errors === 'framework') return undefined;
    const problem = problemOf(error, { types: this.#options.problemTypes });
    if (problem) this.#tellOwner(error);
    return problem;
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
    run: () => Promise<MadeResponse>,
    self: unknown,
  ): Promise<GuardedAnswer> {
    const [original] = args;
    const read = readKey(request.header(this.header), this.#options.maxKey);
    if ('fault' in read) throw this.#refused(read.fault);
    const scope = await this.#scopeOf(original, self);
    if (!this.#inFlight.enter(scope)) throw this.#refused('too-many-in-flight');
    try {
      const fingerprint = await this.#fingerprintOf(request, original, self);
      const { method, route, path } = request;
      const operation = this.#operationOf(request);
      const key = JSON.stringify([method, route ?? path, read.key]);
      let own: unknown;
      const call = { key, scope, fingerprint, args, self };
      const { value, watched } = await performWatched<unknown>(operation, call, async () => {
        const beganAt = steadyNow();
        const made = await run();
        own = made.recorded ?? made;
        if (made.hasRun === false) return notBegun(own);
        this.#runTimes.learn(operation.name, steadyNow() - beganAt);
        const response = factsOf(made);
        if (!isOutcome(this.given, this.adapter.where, self, response))
          return failureDecision(this.given, self, response) === 'unknown' ? unknown(own) : release(own);
        return made.recorded ?? withoutOutcome(own, made.unrecorded ?? 'its body was not recorded');
      });
      return value === own ? { from: 'handler' } : this.#answerOf(request, value, watched.call as CallReport);
    } finally {
      this.#inFlight.leave(scope);
    }
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
    const { name } = this.#options;
    // Without a pattern, each path would be an operation of its own.
    const whole = route === undefined ? name : `${name} ${method} ${route}`.trim();
    const operation = whole.length > LONGEST_NAME ? name : whole;
    const known = this.#operations.get(operation);
    if (known) return known;
    const made = { ...this.#engineOptions, name: operation };
    this.#operations.set(operation, made);
    return made;
  }

  async #scopeOf(original: Request, self: unknown): Promise<string> {
    const { scope } = this.given;
    // A list of another length, so that no caller's id is that of all.
    if (scope === 'public') return '[]';
    const whose: unknown = await scope.call(self, original);
    if (whose === undefined || whose === null || whose === '') throw this.#refused('unscoped');
    if (typeof whose === 'bigint') return JSON.stringify([String(whose), 'bigint']);
    if (typeof whose === 'string' || Number.isFinite(whose)) return JSON.stringify([whose]);
    throw new ConfigurationError(
      `${this.adapter.where}: option "scope" returned ${kindOfData(whose)}; expected a text or a number that names the caller`,
    );
  }

  async #fingerprintOf(request: GuardedRequest, original: Request, self: unknown): Promise<string> {
    const body = await request.body(this.#options.maxRequest);
    if (body.kind === 'too-large') throw this.#refused('body-too-large');
    const contentType = headerLine(request.header('content-type'));
    const { path, query } = request;
    const parts: RequestParts = {
      path,
      query,
      contentType: essenceOf(contentType),
      body: await bodyIdentity(body, contentType),
    };
    const { fingerprint } = this.given;
    if (fingerprint) return digestOf(await fingerprint.call(self, parts, original), this.adapter.where);
    try {
      return digestOf([path, query, parts.contentType, parts.body], this.adapter.where);
    } catch (error) {
      // JSON of too many parts, or nested too deeply, is compared by its bytes.
      if (body.kind !== 'bytes') throw error;
      return digestOf([path, query, parts.contentType, bytesIdentity(body.bytes)], this.adapter.where);
    }
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

function headerLine(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join(', ');
}

function digestOf(value: unknown, where: string): string {
  const text = canonicalText(value, noClasses, (path, why) => {
    throw new KeyError(
      `${where}: the request ${path && `has a part at ${path} that `}${why}, so two requests could not be told apart; let option "fingerprint" select the parts that matter`,
      { option: 'fingerprint' },
    );
  });
  return sha256(text, 'base64url');
}
