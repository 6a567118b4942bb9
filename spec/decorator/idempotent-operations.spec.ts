import { expect } from 'chai';
import { configureIdempotency, IdempotencyDefaults, Idempotent, idempotentOperations } from 'retrysafe';
import { ScriptedStore } from '../support/scripted-store.js';

describe('idempotentOperations', () => {
  const reopen = Symbol('reopen');
  let instances = 0;

  class TicketDesk {
    constructor() {
      instances += 1;
    }
    @Idempotent()
    async open(_id: string) {}
    @Idempotent({ name: 'tickets.close' })
    async close(_id: string) {}
    @Idempotent()
    async [reopen](_id: string) {}
    @Idempotent()
    static async purge(_before: string) {}
    async look() {}
  }

  @IdempotencyDefaults({ name: 'Vip' })
  class VipTicketDesk extends TicketDesk {
    @Idempotent()
    override async open(id: string) {
      await super.open(id);
    }
  }

  const inherited = [
    { name: 'TicketDesk.open', method: 'open', isStatic: false },
    { name: 'tickets.close', method: 'close', isStatic: false },
    { name: 'TicketDesk.[reopen]', method: reopen, isStatic: false },
    { name: 'TicketDesk.purge', method: 'purge', isStatic: true },
  ];

  it('lists what a class declares, before any instance exists', () => {
    expect(idempotentOperations(TicketDesk)).to.have.deep.members(inherited);
    expect(instances).to.equal(0);
  });

  it('lists what a subclass declares first, under its own name, then what it inherits', () => {
    const [first, ...rest] = idempotentOperations(VipTicketDesk);
    expect(first).to.deep.equal({ name: 'Vip.open', method: 'open', isStatic: false });
    expect(rest).to.have.deep.members(inherited);
  });

  it('lists nothing for a class without idempotent methods', () => {
    class PlainDesk {
      async open() {}
    }
    expect(idempotentOperations(PlainDesk)).to.deep.equal([]);
  });

  it('lists the names that records have', async () => {
    const store = new ScriptedStore();
    configureIdempotency({ store });
    await new VipTicketDesk().open('a');
    configureIdempotency({});
    const names = store.calls
      .filter(({ step }) => step === 'claim')
      .map(({ record }) => record?.key.split('#')[0]);
    expect(names).to.deep.equal(['Vip.open', 'TicketDesk.open']);
  });
});
