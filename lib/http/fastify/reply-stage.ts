/** The code of Fastify's error where a handler has not answered within `handlerTimeout`. */
export const TIME_IS_UP = 'FST_ERR_HANDLER_TIMEOUT';

/** Where a response is. */
export type Stage =
  /** The handler has sent nothing. */
  | 'running'
  /** It has sent its response by the reply. */
  | 'sent'
  /** It writes its response to Node's `ServerResponse`. */
  | 'raw'
  /** Fastify has answered, since the handler's time was up. The handler is still at work. */
  | 'late'
  /** It is known what became of the request, and an answer is on its way. */
  | 'settled';
