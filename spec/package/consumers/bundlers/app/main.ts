import { captured, PaymentService, RefundService, released } from './payment-service.js';
import { report } from './report.js';

report({
  'PaymentService.pay': () => (request) => new PaymentService().pay(request),
  capture: captured,
  'RefundService.refund': () => (request) => new RefundService().refund(request),
  release: released,
});
