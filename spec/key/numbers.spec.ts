import 'retrysafe/jmespath';
import { expect } from 'chai';
import { KeyError } from 'retrysafe';
import { fixture } from '../support/fixture.js';
import { keyReader } from '../support/key-of.js';
import { rejection } from '../support/rejection.js';

const httpEvent = (body: string) => ({ requestContext: {}, isBase64Encoded: false, headers: {}, body });

/** The key of a number in a request, for each place where the library reads JSON. */
const places: Record<string, (number: string) => Promise<string>> = {
  'a property of an event': (number) => keyReader({ key: 'body.id' })(httpEvent(`{"id":${number}}`)),
  'an element of a list': (number) =>
    keyReader({ key: 'body[1].ids[0]' })(httpEvent(` [0, {"ids": [${number} ] } ]`)),
  'a queue message': (number) =>
    keyReader({ key: 'Records[0].body.id' })({
      Records: [{ eventSource: 'aws:sqs', body: `{"id":${number}}` }],
    }),
  'json()': (number) => keyReader({ key: 'json(text)' })({ text: number }),
  'powertools_json()': (number) =>
    keyReader({ key: 'powertools_json(text).id' })({ text: `{"id":${number}}` }),
  'JSON within JSON': (number) =>
    keyReader({ key: 'json(json(text).inner).id' })({ text: JSON.stringify({ inner: `{"id":${number}}` }) }),
  'a literal of the expression': (number) => keyReader({ key: `id || \`${number}\`` })({ other: 1 }),
  'a list in a literal': (number) => keyReader({ key: `\`[[${number}]]\`[][]|[0]` })({ other: 1 }),
  'to_number()': (number) => keyReader({ key: 'to_number(text)' })({ text: number }),
};

interface Vector {
  readonly texts: readonly string[];
  readonly digest: string;
}

const vectors = fixture<Vector[]>('vectors/numbers.json');
const short = (text: string) =>
  text.length > 40 ? `${text.slice(0, 20)}… of ${text.length} characters` : text;

describe('one number, however a request writes it,', () => {
  for (const [place, read] of Object.entries(places)) {
    for (const { texts, digest } of vectors) {
      it(`has one key: ${texts.map(short).join(', ')} in ${place}`, async () => {
        for (const text of texts) expect(await read(text), short(text)).to.equal(`Payments.accept#${digest}`);
      });
    }
  }

  it('has one fingerprint, too', async () => {
    const digests = vectors.map(({ digest }) => digest);
    expect(new Set(digests)).to.have.property('size', digests.length);
  });

  it('equals the bigint that a service reads', async () => {
    const key = keyReader({ key: 'body.id' });
    expect(await key({ body: { id: 9_007_199_254_740_993n } })).to.equal(
      await key(httpEvent('{"id":9007199254740993.0}')),
    );
  });

  it('equals no text, not even the one that it is written as', async () => {
    const key = keyReader({ key: 'body.id' });
    const number = await key(httpEvent('{"id":1e400}'));
    for (const text of [
      '"1e400"',
      '{"$":["bigint","1e400"]}',
      `{"$":["bigint","1${'0'.repeat(400)}"]}`,
      `"1${'0'.repeat(400)}"`,
    ])
      expect(await key(httpEvent(`{"id":${text}}`))).not.to.equal(number);
  });

  it('is refused only where the key selects it and its exponent has more than a thousand digits', async () => {
    const event = httpEvent(`{"id":1e${'9'.repeat(1_001)},"name":"n"}`);
    const error = await rejection(keyReader({ key: 'body.id' })(event));
    expect(error).to.be.instanceOf(KeyError);
    expect(await keyReader({ key: 'body.name' })(event)).to.be.a('string');
  });
});
