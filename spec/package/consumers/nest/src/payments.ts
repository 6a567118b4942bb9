// Routes that are guarded over HTTP, with a pipe that refuses before the method.
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  type PipeTransform,
  Post,
} from '@nestjs/common';
import { InMemoryStore } from 'retrysafe';
import { IdempotencyModule, IdempotentRoute } from 'retrysafe/nestjs';

interface Payment {
  readonly amount: number;
}

let paid = 0;

@Injectable()
class PositivePipe implements PipeTransform {
  transform(payment: Payment) {
    if (payment.amount <= 0) throw new BadRequestException('wrong amount');
    return payment;
  }
}

@Controller('payments')
class PaymentsController {
  @Post('above')
  @HttpCode(202)
  @IdempotentRoute({ ttl: '24h' })
  async above(@Body(PositivePipe) { amount }: Payment) {
    paid += 1;
    return { amount, run: paid };
  }

  @IdempotentRoute()
  @HttpCode(202)
  @Post('below')
  async below(@Body(PositivePipe) { amount }: Payment) {
    paid += 1;
    return { amount, run: paid };
  }
}

@Controller('orders')
@IdempotentRoute()
class OrdersController {
  @Post('whole')
  @HttpCode(202)
  async whole(@Body(PositivePipe) { amount }: Payment) {
    paid += 1;
    return { amount, run: paid };
  }

  @Get('whole')
  async list() {
    return { paid };
  }
}

@Module({
  imports: [
    IdempotencyModule.forRoot({
      store: new InMemoryStore(),
      scope: (request) => request.headers['x-role'],
    }),
  ],
  controllers: [PaymentsController, OrdersController],
})
export class PaymentsModule {}
