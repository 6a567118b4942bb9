// Routes that differ only in where @Idempotent stands among the decorators of NestJS; one has none.
import {
  Body,
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  HttpCode,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  type PipeTransform,
  Post,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Idempotent } from 'retrysafe';
import { map } from 'rxjs';

export interface Refund {
  readonly id: string;
  readonly amount: number;
}

/** How often each route's method ran. */
export const runs = new Map<string, number>();

function refunded(route: string, { id, amount }: Refund) {
  const run = (runs.get(route) ?? 0) + 1;
  runs.set(route, run);
  return { refunded: id, amount, run };
}

/** Asks the role that `@Role` demands of the caller. */
@Injectable()
class RoleGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext) {
    const role = this.reflector.get<string | undefined>('role', context.getHandler());
    return role !== undefined && context.switchToHttp().getRequest().headers['x-role'] === role;
  }
}
const Role = (role: string) => SetMetadata('role', role);

@Injectable()
class OpenHoursGuard implements CanActivate {
  canActivate(context: ExecutionContext) {
    return context.switchToHttp().getRequest().headers['x-hours'] !== 'closed';
  }
}

@Injectable()
class Stamp implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((body: object) => ({ ...body, stamped: true })));
  }
}

/** Makes the amount a number, which the method and the fingerprint get. */
@Injectable()
class AmountPipe implements PipeTransform {
  transform(refund: { id: string; amount: string }) {
    return { ...refund, amount: Number(refund.amount) };
  }
}

@Controller('refunds')
export class RefundsController {
  @Post('without')
  @HttpCode(202)
  @Role('admin')
  @UseGuards(RoleGuard, OpenHoursGuard)
  @UseInterceptors(Stamp)
  @UsePipes(AmountPipe)
  async without(@Body() refund: Refund) {
    return refunded('without', refund);
  }

  @Idempotent({ key: 'id', fingerprint: 'amount' })
  @Post('below')
  @HttpCode(202)
  @Role('admin')
  @UseGuards(RoleGuard, OpenHoursGuard)
  @UseInterceptors(Stamp)
  @UsePipes(AmountPipe)
  async below(@Body() refund: Refund) {
    return refunded('below', refund);
  }

  @Post('above')
  @HttpCode(202)
  @Role('admin')
  @UseGuards(RoleGuard, OpenHoursGuard)
  @UseInterceptors(Stamp)
  @UsePipes(AmountPipe)
  @Idempotent({ key: 'id', fingerprint: 'amount' })
  async above(@Body() refund: Refund) {
    return refunded('above', refund);
  }

  @Post('between')
  @UsePipes(AmountPipe)
  @UseGuards(OpenHoursGuard)
  @Idempotent({ key: 'id', fingerprint: 'amount' })
  @HttpCode(202)
  @Role('admin')
  @UseGuards(RoleGuard)
  @UseInterceptors(Stamp)
  async between(@Body() refund: Refund) {
    return refunded('between', refund);
  }

  @UseInterceptors(Stamp)
  @UseGuards(RoleGuard)
  @Role('admin')
  @Idempotent({ key: 'id', fingerprint: 'amount' })
  @UseGuards(OpenHoursGuard)
  @HttpCode(202)
  @Post('among')
  async among(@Body(AmountPipe) refund: Refund) {
    return refunded('among', refund);
  }
}

@Module({ controllers: [RefundsController], providers: [RoleGuard, OpenHoursGuard] })
export class RefundsModule {}
