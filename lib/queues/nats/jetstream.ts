/** What is called of the headers of NATS. */
export interface JetStreamHeaders extends Iterable<[string, string[]]> {
  append(name: string, value: string): void;
}

/** What is read and called of a message of JetStream. */
export interface JetStreamMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: Iterable<[string, string[]]> | undefined;
  /** Its number in the stream. */
  readonly seq: number;
  readonly info: { readonly stream: string; readonly deliveryCount: number };
  ack(): void;
  /** Resolves when the server has the acknowledgement. */
  ackAck(): Promise<boolean>;
  nak(delayMs: number): void;
  working(): void;
}

/** What is called of the client of JetStream: `publish` resolves when a stream has the message. */
export interface JetStreamPublisher {
  publish(
    subject: string,
    data: Uint8Array,
    // biome-ignore lint/suspicious/noExplicitAny: headers of the client's own class
    options: { readonly headers?: any; readonly msgID?: string },
  ): Promise<unknown>;
}
