/** Passes a payload on to the hooks after the guard's, and to the client. Without a payload, it passes on what it got. */
export type PassOn = (error?: Error | null, payload?: unknown) => void;

/** Passes a payload on. What Fastify throws while it sends belongs to its error handling, as where a hook is asynchronous. */
export function passOn(pass: PassOn, payload: unknown): void {
  try {
    pass(null, payload);
  } catch (error) {
    pass(error as Error);
  }
}
