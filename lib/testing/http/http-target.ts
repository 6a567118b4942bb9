import { fail, skip } from './check-end.js';
import type { HttpHeaderFields } from './conformance-options.js';
import type { ConformanceSettings } from './conformance-settings.js';
import { effectsIn } from './effects.js';
import { HttpConformanceError } from './http-conformance-error.js';
import type { RequestBody } from './request-bodies.js';
import { changedHeaders, valuesOf } from './same-answer.js';
import {
  type HttpAnswer,
  type HttpHead,
  type HttpMessage,
  NoAnswerError,
  readHeadAndHangUp,
  sendAndHangUp,
  sendRequest,
} from './send-request.js';

/** How a request differs from the usual one, which has the tested method, URL and body, and no key. */
export interface TargetRequest {
  /** The value of the key's header line, or those of several. */
  readonly key?: string | readonly string[];
  readonly method?: string;
  readonly url?: URL;
  readonly body?: RequestBody;
  /** Who asks. Default: `'own'`. */
  readonly identity?: 'own' | 'other' | 'none';
}

/** What two first answers tell of all others. */
interface Traits {
  /** What of them differs, so that a replay can be told from a second run. */
  readonly differsIn: 'body' | 'headers' | 'nothing';
  /** Whether the marker means something. */
  readonly marksReplays: boolean;
}

/** How many copies of a request a burst has. */
const BURST = 8;

/** The server that is tested. It makes a fresh key whenever it is asked for one. */
export class HttpTarget {
  #prepared: Promise<Traits> | undefined;
  #otherIsSuccess: Promise<void> | undefined;
  #conflicts: Promise<readonly HttpAnswer[]> | undefined;

  constructor(readonly settings: ConformanceSettings) {}

  /**
   * Makes sure that the operation can be tested. Only the first call sends something.
   *
   * @throws {HttpConformanceError} if a first request is not carried out, or if effects cannot be counted.
   */
  async prepare(): Promise<void> {
    await this.#traits();
  }

  /** A key that nobody has used, as a structured-field string. */
  freshKey(): string {
    return `"${crypto.randomUUID()}"`;
  }

  send(request: TargetRequest = {}): Promise<HttpAnswer> {
    return sendRequest(this.#message(request));
  }

  /** Sends a request twice. */
  async sendTwice(request: TargetRequest): Promise<readonly [first: HttpAnswer, second: HttpAnswer]> {
    return [await this.sendFirst(request), await this.send(request)];
  }

  /** Sends a request that the operation has to carry out. */
  async sendFirst(request: TargetRequest): Promise<HttpAnswer> {
    const answer = await this.send(request);
    if (!isSuccess(answer))
      fail(`a first request was answered ${answer.status}; expected it to be carried out`);
    return answer;
  }

  /** Sends a request until it is no longer answered that it is running. */
  async settle(request: TargetRequest): Promise<HttpAnswer> {
    const until = Date.now() + this.settings.timeoutMs;
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 500)) {
      const answer = await this.send(request);
      if (answer.status !== 409) return answer;
      if (Date.now() + pauseMs > until)
        fail(`a retry is still answered 409 after ${this.settings.timeoutMs / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Sends copies of a request at once. */
  sendCopies(request: TargetRequest): Promise<readonly HttpAnswer[]> {
    return Promise.all(Array.from({ length: BURST }, () => this.send(request)));
  }

  /** Sends a request and destroys the connection before its answer. */
  sendAndHangUp(request: TargetRequest): Promise<void> {
    return sendAndHangUp(this.#message(request));
  }

  /** Sends a request and destroys the connection when the head of its answer has come. */
  readHeadAndHangUp(request: TargetRequest): Promise<HttpHead> {
    return readHeadAndHangUp(this.#message(request));
  }

  /** A request that takes long, as far as the options name one. */
  get slow(): TargetRequest {
    const { slowBody: body, slowUrl: url } = this.settings;
    return { body, url };
  }

  /** Whether effects are counted. */
  get countsEffects(): boolean {
    return this.settings.effects !== undefined;
  }

  /** Runs `send` and counts the effects that there are more after it. `undefined` where effects are not counted. */
  async countEffects<T>(send: () => Promise<T>): Promise<{ readonly value: T; readonly effects?: number }> {
    if (!this.countsEffects) return { value: await send() };
    const before = await this.#readEffects();
    const value = await send();
    return { value, effects: (await this.#readEffects()) - before };
  }

  /** The names of header fields of an answer that need not be the same again. */
  get changeableHeaders(): readonly string[] {
    return [...this.settings.ignoredHeaders, this.settings.marker];
  }

  /** Whether an answer is marked as a replay. */
  isMarked(answer: HttpHead): boolean {
    const [value, ...others] = valuesOf(answer, this.settings.marker);
    return value === 'true' && others.length === 0;
  }

  /**
   * Sends another request after the first one, and tells whether it got the first one's answer: by effects where they are counted,
   * otherwise by the marker, and otherwise by what differs between two first answers.
   *
   * @throws what `skip` throws, where that cannot be told.
   */
  async isReplay(
    first: HttpAnswer,
    request: TargetRequest,
  ): Promise<{ isReplay: boolean; answer: HttpAnswer }> {
    const { value: answer, effects } = await this.countEffects(() => this.send(request));
    if (!isSuccess(answer)) return { isReplay: false, answer };
    if (effects !== undefined) return { isReplay: effects === 0, answer };
    const traits = await this.#traits();
    if (traits.marksReplays && this.isMarked(answer)) return { isReplay: true, answer };
    if (traits.differsIn === 'body') return { isReplay: answer.body.equals(first.body), answer };
    if (traits.differsIn === 'headers')
      return { isReplay: changedHeaders(first, answer, this.changeableHeaders).length === 0, answer };
    return skip(
      'the answers to two first requests are equal, so a replay looks like a second run; give the URL of effects',
    );
  }

  /** Makes sure that the other body is one that the operation carries out. Without that, a refusal of it says nothing. */
  async needOtherBody(): Promise<void> {
    this.#otherIsSuccess ??= this.#tryOtherBody();
    await this.#otherIsSuccess;
  }

  /** The answers of a burst that say that the request is running. */
  conflicts(): Promise<readonly HttpAnswer[]> {
    this.#conflicts ??= this.sendCopies({ ...this.slow, key: this.freshKey() }).then((answers) =>
      answers.filter(({ status }) => status === 409),
    );
    return this.#conflicts;
  }

  #traits(): Promise<Traits> {
    this.#prepared ??= this.#tryOperation();
    return this.#prepared;
  }

  async #tryOperation(): Promise<Traits> {
    const { method, url } = this.settings;
    try {
      const { value: answers, effects = 2 } = await this.countEffects(async () => [
        await this.send({ key: this.freshKey() }),
        await this.send({ key: this.freshKey() }),
      ]);
      const [first, second] = answers as [HttpAnswer, HttpAnswer];
      const refused = answers.find((answer) => !isSuccess(answer));
      if (refused)
        throw new HttpConformanceError(
          `${method} ${url.pathname} was answered ${refused.status} to a first request. Give the method, header fields and body that it carries out, with a status below 400.`,
        );
      if (effects !== 2)
        throw new HttpConformanceError(
          `Two first requests had ${effects} effects by the URL of effects; expected 2. Give a URL that counts the effects of this operation alone, or none.`,
        );
      const changed = changedHeaders(first, second, this.changeableHeaders);
      const differsIn = first.body.equals(second.body)
        ? changed.length > 0
          ? 'headers'
          : 'nothing'
        : 'body';
      return { differsIn, marksReplays: !this.isMarked(first) };
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      throw new HttpConformanceError(`${error.message}. Start the server, or give another URL.`, {
        cause: error,
      });
    }
  }

  async #tryOtherBody(): Promise<void> {
    const { status } = await this.send({ key: this.freshKey(), body: this.settings.otherBody });
    if (status >= 400)
      skip(
        `the other body is answered ${status} as a first request; give one that is carried out as otherBody`,
      );
  }

  async #readEffects(): Promise<number> {
    return effectsIn(await this.send({ method: 'GET', url: this.settings.effects ?? this.settings.url }));
  }

  #message(request: TargetRequest): HttpMessage {
    const { settings } = this;
    const {
      key,
      identity = 'own',
      method = settings.method,
      url = settings.url,
      body = settings.body,
    } = request;
    const fields = new Map<string, readonly [string, string | readonly string[]]>();
    const add = (some: HttpHeaderFields = {}) => {
      for (const [name, value] of Object.entries(some)) fields.set(name.toLowerCase(), [name, value]);
    };
    add(settings.headers);
    if (identity !== 'none') add(settings.authentication);
    if (identity === 'other') add(settings.otherIdentity);
    // Its type is the one of the header fields, unless it is a body of another kind.
    add({ 'Content-Type': body.contentType });
    const isSafe = /^(GET|HEAD|OPTIONS)$/.test(method);
    if (isSafe) fields.delete('content-type');
    if (key !== undefined) add({ [settings.keyHeader]: key });
    return {
      ...{ method, url, headers: Object.fromEntries(fields.values()), timeoutMs: settings.timeoutMs },
      ...(isSafe ? {} : { body: body.bytes }),
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    };
  }
}

/** Whether the operation was carried out. */
export function isSuccess({ status }: HttpHead): boolean {
  return status >= 200 && status < 400;
}
