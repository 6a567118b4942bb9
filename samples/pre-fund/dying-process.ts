// One more instance of the service, in a process of its own. The records and the bank are elsewhere, as they are in
// real life; here they are with the parent, which kills this process in the middle of its work.
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { configureIdempotency, type IdempotencyEventName, type ProcessOptions } from 'retrysafe';
import { lambdaContext } from './events.js';
import { onEveryEvent } from './library-events.js';
import { PreFundApi } from './pre-fund-api.js';
import { PreFundService } from './pre-fund-service.js';
import { RemoteBank, RemoteStore } from './remote.js';

/** What the parent sends to begin with. */
export interface Assignment {
  readonly event: APIGatewayProxyEvent;
  readonly timing: Pick<ProcessOptions, 'lease' | 'clockTolerance'>;
}

/** What it tells the parent while it lives. */
export interface Notice {
  readonly event: IdempotencyEventName;
  readonly words: string;
}

process.once('message', async ({ event, timing }: Assignment) => {
  onEveryEvent((name, words) => process.send?.({ event: name, words } satisfies Notice));
  configureIdempotency({ store: new RemoteStore(), ...timing });
  await new PreFundApi(new PreFundService(new RemoteBank())).handle(event, lambdaContext());
  // Whoever comes here was not killed, and the parent takes note of it.
  process.disconnect();
});
