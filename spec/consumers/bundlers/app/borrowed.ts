import { captured } from './capture.js';
import { PaymentService } from './payment-service.js';
import { report } from './report.js';

const payments = new PaymentService();
report([(request) => payments.pay(request), captured]);
