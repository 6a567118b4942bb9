import { diag } from '@opentelemetry/api';

/**
 * Makes a subscriber that never throws: what a subscriber of a channel throws ends the process, and a span processor or an exporter must not
 * end a call.
 */
export function quietly<Message>(subscriber: (message: Message) => void): (message: unknown) => void {
  return (message) => {
    try {
      subscriber(message as Message);
    } catch (fault) {
      diag.error('retrysafe/opentelemetry: a span or a metric could not be recorded', fault);
    }
  };
}
