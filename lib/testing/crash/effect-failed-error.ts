/** What an effect, the store or a transaction throws where a test lets it fail. A service meets it as a broken connection. */
export class EffectFailedError extends Error {
  override readonly name = 'EffectFailedError';
  readonly code = 'ECONNRESET';
  /** The name that the effect was wrapped with. */
  readonly effect: string;
  /**
   * Whether it was done all the same, and only its answer was lost. A test's own stubs may ask; a service cannot know, and must not.
   */
  readonly wasDone: boolean;

  constructor(effect: string, wasDone: boolean) {
    super(`${effect}: the connection broke before an answer came`);
    this.effect = effect;
    this.wasDone = wasDone;
  }
}
