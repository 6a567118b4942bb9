import { ConfigurationError, KeyError } from '../../errors.js';
import { canonicalText } from '../../key/canonical.js';
import { sha256 } from '../../key/digest.js';
import { kindOfData } from '../../options/wrong-option.js';
import { type ListedClasses, listedClasses } from '../../values/listed-classes.js';
import { after } from './after.js';
import { bodyIdentity, bytesIdentity, essenceOf } from './body-identity.js';
import type { GuardedRequest } from './guarded-request.js';
import type { HttpOptions, RequestParts } from './http-options.js';
import { readKey } from './key-header.js';
import type { RequestBody } from './request-body.js';
import type { RequestFault } from './request-refused-error.js';

/** What it takes to tell the requests of a guard apart. */
export interface IdentityFacts<Request> {
  readonly options: Pick<HttpOptions<Request>, 'scope' | 'fingerprint'>;
  readonly header: string;
  readonly maxKey: number;
  readonly maxRequest: number;
  /** What messages begin with. */
  readonly where: string;
  readonly refused: (fault: RequestFault) => Error;
}

const noClasses = listedClasses(undefined, undefined) as ListedClasses;

/** Reads what tells requests apart. It makes a promise only where there is something to wait for: on Node.js 20 each one costs a call of hooks. */
export class RequestIdentity<Request> {
  constructor(readonly facts: IdentityFacts<Request>) {}

  /** @throws {RequestRefusedError} */
  keyOf(request: GuardedRequest): string {
    const { header, maxKey, refused } = this.facts;
    const read = readKey(request.header(header), maxKey);
    if ('fault' in read) throw refused(read.fault);
    return read.key;
  }

  /** @throws {RequestRefusedError | ConfigurationError} */
  scopeOf(original: Request, self: unknown): string | Promise<string> {
    const { scope } = this.facts.options;
    // A list of another length, so that no caller's id is that of all.
    if (scope === 'public') return '[]';
    return after(scope.call(self, original), (whose) => this.#scopeText(whose));
  }

  /** @throws {RequestRefusedError | KeyError} */
  fingerprintOf(request: GuardedRequest, original: Request, self: unknown): string | Promise<string> {
    return after(request.body(this.facts.maxRequest), (body) =>
      this.#comparedOf(request, body, original, self),
    );
  }

  #scopeText(whose: unknown): string {
    const { refused, where } = this.facts;
    if (whose === undefined || whose === null || whose === '') throw refused('unscoped');
    if (typeof whose === 'bigint') return JSON.stringify([String(whose), 'bigint']);
    if (typeof whose === 'string' || Number.isFinite(whose)) return JSON.stringify([whose]);
    throw new ConfigurationError(
      `${where}: option "scope" returned ${kindOfData(whose)}; expected a text or a number that names the caller`,
    );
  }

  #comparedOf(
    request: GuardedRequest,
    body: RequestBody,
    original: Request,
    self: unknown,
  ): string | Promise<string> {
    if (body.kind === 'too-large') throw this.facts.refused('body-too-large');
    const type = headerLine(request.header('content-type'));
    const { path, query } = request;
    const contentType = essenceOf(type);
    return after(bodyIdentity(body, type), (identity) => {
      const parts: RequestParts = { path, query, contentType, body: identity };
      const { fingerprint } = this.facts.options;
      if (fingerprint) return after(fingerprint.call(self, parts, original), (part) => this.#digestOf(part));
      try {
        return this.#digestOf([path, query, contentType, identity]);
      } catch (error) {
        // JSON of too many parts, or nested too deeply, is compared by its bytes.
        if (body.kind !== 'bytes') throw error;
        return this.#digestOf([path, query, contentType, bytesIdentity(body.bytes)]);
      }
    });
  }

  #digestOf(value: unknown): string {
    const text = canonicalText(value, noClasses, (path, why) => {
      throw new KeyError(
        `${this.facts.where}: the request ${path && `has a part at ${path} that `}${why}, so two requests could not be told apart; let option "fingerprint" select the parts that matter`,
        { option: 'fingerprint' },
      );
    });
    return sha256(text, 'base64url');
  }
}

function headerLine(lines: readonly string[]): string | undefined {
  return lines.length > 1 ? lines.join(', ') : lines[0];
}
