/** What brings notices of other processes, for all keys or for one at a time. */
export interface NoticeSource {
  /** Resolves when every later notice about `key` will arrive. */
  listen(key: string): Promise<unknown>;
  /** Stops listening to `key`: no call of this process waits for it any longer. */
  ignore(key: string): void;
}

/** What a source of notices tells. */
export interface NoticeReceiver {
  /** The record under `key` was replaced. */
  notify(key: string): void;
  /** Notices may have been lost, so every waiting call reads its record. */
  notifyAll(): void;
  /** No more notices arrive. */
  fail(reason: unknown): void;
}

/** One call that waits. */
interface Listener {
  /** Whether a notice has arrived since the last one was delivered. */
  isDue: boolean;
  fault: { readonly reason: unknown } | undefined;
  wake: () => void;
}

/** Delivers notices to waiting calls, as `PersistenceStore.changed` promises. */
export class Notices implements NoticeReceiver {
  readonly #listeners = new Map<string, Map<AbortSignal, Listener>>();
  readonly #source: NoticeSource;

  constructor(sourceFor: (receiver: NoticeReceiver) => NoticeSource) {
    this.#source = sourceFor(this);
  }

  async changed(key: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const listener = this.#listeners.get(key)?.get(signal) ?? this.#add(key, signal);
    while (!listener.isDue && !listener.fault && !signal.aborted) {
      await new Promise<void>((resolve) => {
        listener.wake = resolve;
      });
    }
    listener.isDue = false;
    if (listener.fault && !signal.aborted) throw listener.fault.reason;
  }

  notify(key: string): void {
    for (const listener of this.#listeners.get(key)?.values() ?? []) notify(listener);
  }

  notifyAll(): void {
    for (const key of this.#listeners.keys()) this.notify(key);
  }

  fail(reason: unknown): void {
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners.values()) fail(listener, reason);
    }
  }

  #add(key: string, signal: AbortSignal): Listener {
    const listener: Listener = { isDue: false, fault: undefined, wake: () => {} };
    const listeners = this.#listeners.get(key) ?? new Map<AbortSignal, Listener>();
    this.#listeners.set(key, listeners.set(signal, listener));
    signal.addEventListener(
      'abort',
      () => {
        listeners.delete(signal);
        listener.wake();
        if (listeners.size > 0) return;
        this.#listeners.delete(key);
        this.#source.ignore(key);
      },
      { once: true },
    );
    // Each listener asks for itself. A source that listens already resolves at once.
    this.#source.listen(key).then(
      () => notify(listener),
      (reason: unknown) => fail(listener, reason),
    );
    return listener;
  }
}

function notify(listener: Listener): void {
  listener.isDue = true;
  listener.wake();
}

function fail(listener: Listener, reason: unknown): void {
  listener.fault = { reason };
  listener.wake();
}
