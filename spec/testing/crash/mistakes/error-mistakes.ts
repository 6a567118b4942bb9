import { expect } from 'chai';
import { currentExecution, makeIdempotent } from 'retrysafe';
import { EffectFailedError } from 'retrysafe/testing';
import { Bank, mistake, type Order, order } from './mistake.js';

export const errorMistakes = [
  mistake(
    'a broken connection is remembered as the outcome',
    /^An error of bank\.place was recorded as the outcome/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (key: string, of: Order) => bank.place(key, of));
        const operation = makeIdempotent(
          async (request: Order) => place(currentExecution().deriveKey('hold'), request),
          { name: 'holds.place', key: 'id', store, ...(isWrong && { remember: [EffectFailedError] }) },
        );
        return { bank, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ bank }, ends) => {
        expect(bank.holds).to.have.length(1);
        for (const end of ends) expect(end).to.have.property('value');
      },
    }),
  ),

  mistake(
    'a broken connection frees the key',
    /^bank\.place gave no answer, .* and its error freed the key/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (of: Order) => bank.place(`${bank.holds.length}`, of));
        const operation = makeIdempotent((request: Order) => place(request), {
          name: 'holds.place',
          key: 'id',
          store,
          onAbandoned: 'refuse',
          ...(!isWrong && { onError: () => 'unknown' as const }),
        });
        return { bank, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length.at.most(1),
    }),
  ),

  mistake(
    'the failure of an effect is swallowed',
    /^mail\.send failed, and call 1 returned as if it had not/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const sent = new Set<string>();
        const send = effect('mail.send', (id: string) => sent.add(id));
        const operation = makeIdempotent(
          async ({ id }: Order) => {
            try {
              await send(id);
            } catch (error) {
              if (!isWrong) throw error;
            }
            return 'sent';
          },
          { name: 'mails.send', key: 'id', store },
        );
        return { sent, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ sent }) => expect([...sent]).to.deep.equal(['P-1']),
    }),
  ),
];
