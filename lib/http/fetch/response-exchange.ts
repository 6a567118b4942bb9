import { kindOfData } from '../../options/wrong-option.js';
import { BodyRecording } from '../core/body-recording.js';
import type { GuardedAnswer } from '../core/guard.js';
import type { MadeResponse } from '../core/guarded-request.js';
import { contentLengthIn, headersToRecord } from '../core/recorded-headers.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { BodyParts } from './body-parts.js';
import { BodyStream } from './body-stream.js';
import type { Hold } from './hold.js';
import { keptBody } from './kept-body.js';
import { problemResponse, replayedResponse } from './responses.js';

/** What is to happen with a response: how it is sent, and what is told to a client that waits for its end. */
interface Sending {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One request's way from the handler's `Response` to the one that is sent. A body that is there at once is whole: nothing of it is sent
 * before it is recorded. Any other is a stream: its parts are sent as they are made, and its end once it is recorded.
 */
export class ResponseExchange {
  /** A whole response, to be sent once it is recorded. */
  #whole: (() => Response) | undefined;
  #stream: BodyStream | undefined;

  constructor(
    readonly maxBody: number,
    /** The headers that stood before the guard. */
    readonly before: readonly HeaderLine[],
    readonly sending: Sending,
  ) {}

  /** Takes the handler's response, and resolves when it has ended. */
  async take(response: Response, hold: Hold): Promise<MadeResponse> {
    checkStatus(response);
    const recording = new BodyRecording(this.maxBody);
    const kept = keptBody(response);
    if (kept) {
      recording.add(typeof kept === 'string' ? Buffer.from(kept, 'utf8') : kept);
      return this.#hold(response, recording, () => response);
    }
    if (response.bodyUsed)
      throw new TypeError('the handler returned a response whose body has been read; return a new one');
    // Before the headers: a class that makes its body late may say by then what type it has.
    const { body } = response;
    if (!body) return this.#hold(response, recording, () => emptyResponse(response));
    const parts = new BodyParts(body, recording);
    const begun = await parts.atOnce();
    if (begun.isWhole) return this.#hold(response, recording, () => wholeResponse(response, begun.parts));
    const lines = [...response.headers];
    const length = contentLengthIn(lines);
    const stream = new BodyStream(parts, length);
    this.#stream = stream;
    this.sending.resolve(new Response(stream.readable, headOf(response)));
    await stream.send(begun.parts, hold);
    return this.#made(response.status, lines, recording, length === undefined);
  }

  /** Takes a response that is sent as it is, and not recorded. */
  pass(response: Response, unrecorded: string): MadeResponse {
    const asItIs = () => response;
    this.#whole = asItIs;
    return { status: response.status, headers: [...response.headers], unrecorded };
  }

  /** Keeps a whole response until it is recorded. */
  #hold(response: Response, recording: BodyRecording, whole: () => Response): MadeResponse {
    const lines = [...response.headers];
    const length = contentLengthIn(lines);
    // Without a body it says how long another answer is (RFC 9110, section 8.6).
    if (length !== undefined && length !== recording.length && response.body)
      throw new TypeError('the body of the response is not as long as its Content-Length');
    this.#whole = whole;
    return this.#made(response.status, lines, recording, false);
  }

  #made(
    status: number,
    lines: readonly HeaderLine[],
    recording: BodyRecording,
    isStream: boolean,
  ): MadeResponse {
    const headers = headersToRecord(lines, this.before);
    return { status, headers, ...recording.recorded(status, headers, isStream) };
  }

  /** Sends what is to be sent now that it is known what became of the request. */
  settle(answer: GuardedAnswer): void {
    if (this.#stream) return this.#stream.settle(answer);
    const { resolve, reject } = this.sending;
    if (answer.from === 'error') return reject(answer.error);
    if (answer.from === 'guard') return resolve(problemResponse(answer.problem, this.before));
    if (answer.from === 'record')
      return resolve(replayedResponse(answer.response, answer.isReplay, this.before));
    resolve((this.#whole as () => Response)());
  }
}

function checkStatus(response: Response | undefined): void {
  if (typeof response?.status !== 'number' || !response.headers)
    throw new TypeError(`the handler returned ${kindOfData(response)}; expected a Response`);
  const { status } = response;
  // No response can be made with any other, so that none could be replayed.
  if (status < 200 || status > 599)
    throw new TypeError(`the handler returned a response with the status ${status}; expected 200 to 599`);
}

function headOf({ status, statusText, headers }: Response): ResponseInit {
  return { status, statusText, headers };
}

function emptyResponse(response: Response): Response {
  return new Response(null, headOf(response));
}

function wholeResponse(response: Response, parts: readonly Uint8Array[]): Response {
  const bytes = Buffer.concat(parts) as Uint8Array<ArrayBuffer>;
  const headers = new Headers(response.headers);
  // How a stream is sent. The server says how long a whole is.
  headers.delete('transfer-encoding');
  return new Response(bytes.byteLength === 0 ? null : bytes, { ...headOf(response), headers });
}
