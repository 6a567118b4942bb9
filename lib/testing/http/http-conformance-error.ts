/** The kit cannot test the server as it was told to. The message says what to do. */
export class HttpConformanceError extends Error {
  override readonly name = 'HttpConformanceError';
}
