import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Module,
  Post,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import type { Response } from 'express';
import { InMemoryStore } from 'retrysafe';
import { IdempotencyModule, IdempotentRoute } from 'retrysafe/nestjs';

const store = new InMemoryStore(); // in production a store that all processes share
const users = new Map([['Bearer token-of-alice', { id: 'alice' }]]);

export const payments: { id: string; amount: number }[] = [];

class PaymentDto {
  readonly amount!: number;
}

// Authentication comes before the guard of a route: a replay needs it like a first call.
class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest();
    request.user = users.get(request.headers.authorization);
    if (request.user === undefined) throw new UnauthorizedException('who?');
    return true;
  }
}

@Controller('payments')
class PaymentsController {
  @Post()
  @IdempotentRoute({ ttl: '24h' })
  create(@Body() { amount }: PaymentDto, @Res({ passthrough: true }) response: Response) {
    const payment = { id: crypto.randomUUID(), amount };
    payments.push(payment);
    response.location(`/payments/${payment.id}`);
    return payment;
  }
}

@Module({
  imports: [IdempotencyModule.forRoot({ store, scope: (request) => request.user.id })],
  controllers: [PaymentsController],
  providers: [{ provide: APP_GUARD, useClass: AuthGuard }],
})
class AppModule {}

export const app = await NestFactory.create(AppModule, { logger: ['error'] });
