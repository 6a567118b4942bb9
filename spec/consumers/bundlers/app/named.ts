import { captured } from './named-capture.js';
import { PaymentService } from './named-service.js';
import { report } from './report.js';

const payments = new PaymentService();
report([(request) => payments.pay(request), captured]);
