import * as another from './another-service.js';
import { captured, PaymentService, RefundService, released } from './payment-service.js';
import { report } from './report.js';

report(
  {
    'PaymentService.pay': () => (request) => new PaymentService().pay(request),
    capture: captured,
    'RefundService.refund': () => (request) => new RefundService().refund(request),
    release: released,
  },
  [new another.PaymentService(), new another.RefundService(), another.capture(), another.release()],
);
