import { capture, PaymentService as Another } from './another-service.js';
import { captured } from './capture.js';
import { PaymentService } from './payment-service.js';
import { report } from './report.js';

const payments = new PaymentService();
report([(request) => payments.pay(request), captured], [new Another(), capture()]);
