import { expect } from 'chai';
import { KeyError } from 'retrysafe';
import { keyReader } from '../support/key-of.js';
import { lambdaEvent } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

const keyOfValue = (value: unknown) => keyReader({ key: () => value as string })();

/** An event of API Gateway with this form as its body. */
function form(body: string, { type = 'application/x-www-form-urlencoded', base64 = true } = {}) {
  const event = lambdaEvent('form');
  return {
    ...event,
    headers: { 'content-type': type },
    multiValueHeaders: null,
    body: base64 ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded: base64,
  };
}

describe('the body of a form', () => {
  it('is read as its fields, where API Gateway sends it in base64', async () => {
    const event = lambdaEvent('form');
    expect(await keyReader({ key: 'body.MessageSid' })(event)).to.equal(await keyOfValue('SM1'));
    expect(await keyReader({ key: 'body.From' })(event)).to.equal(await keyOfValue('+15550100'));
    expect(await keyReader({ key: 'body.Body' })(event)).to.equal(await keyOfValue('Place hold tx-1'));
  });

  it('is read whatever the case of its content type, and whatever follows it', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'Application/X-WWW-Form-URLEncoded; charset=UTF-8',
      ' application/x-www-form-urlencoded ;charset=utf-8',
    ]) {
      for (const base64 of [true, false])
        expect(await keyReader({ key: 'body.id' })(form('id=7&x=1', { type, base64 }))).to.equal(
          await keyOfValue('7'),
        );
    }
  });

  it('is read from VPC Lattice, load balancers and function URLs, too', async () => {
    const headers = { 'content-type': ['application/x-www-form-urlencoded'] };
    for (const file of ['vpc-lattice-v1', 'vpc-lattice-v2', 'alb', 'websocket']) {
      const event = { ...lambdaEvent(file), headers, multiValueHeaders: headers, body: 'id=7' };
      expect(await keyReader({ key: 'body.id' })(event), file).to.equal(await keyOfValue('7'));
    }
  });

  it('is read with a JSON object in a field, as Slack sends it', async () => {
    const payload = encodeURIComponent('{"id": 9007199254740993, "actions": [{"value": "tx-1"}]}');
    expect(await keyReader({ key: 'body.payload.actions[0].value' })(form(`payload=${payload}`))).to.equal(
      await keyOfValue('tx-1'),
    );
    const neighbour = payload.replace('993', '992');
    const reader = keyReader({ key: 'body.payload.id' });
    expect(await reader(form(`payload=${payload}`))).not.to.equal(await reader(form(`payload=${neighbour}`)));
  });

  const values: Readonly<Record<string, readonly [string, unknown]>> = {
    'a number as text': ['a=0017', '0017'],
    'a text with spaces and signs': ['a=1+%2B%201%3D2%26', '1 + 1=2&'],
    'a value with an equals sign': ['a=b=c', 'b=c'],
    'text of another script': ['a=M%C3%BCller%F0%9F%92%B6', 'Müller💶'],
    'all values of a repeated name, in their order': ['a=2&b=0&a=1', ['2', '1']],
    'a JSON list as text': ['a=%5B1%5D', '[1]'],
    'text that only begins like JSON': ['a=%7Bid', '{id'],
    'a name with brackets': ['a=1&a%5B%5D=2', '1'],
  };

  for (const [what, [body, value]] of Object.entries(values)) {
    it(`has ${what}`, async () => {
      expect(await keyReader({ key: 'body.a' })(form(body))).to.equal(await keyOfValue(value));
    });
  }

  it('has no value where a field is empty or missing', async () => {
    for (const body of ['a=&b=1', 'a&b=1', 'b=1', '=1&b=2'])
      expect(await rejection(keyReader({ key: 'body.a' })(form(body))), body).to.be.instanceOf(KeyError);
  });

  it('has fields of any name, and does not change what objects inherit', async () => {
    const reader = keyReader({ key: 'body."__proto__"' });
    expect(await reader(form('__proto__=7&b=1'))).to.equal(await keyOfValue('7'));
    expect(({} as Record<string, unknown>).b).to.equal(undefined);
  });

  const different: Readonly<Record<string, readonly [string, string]>> = {
    'escapes that are no UTF-8': ['a=M%FCller&id=7', 'a=M%F6ller&id=7'],
    'an escape that is no UTF-8 and its own text': ['a=M%FCller', 'a=M%25FCller'],
    'an escape that is none and its own text': ['a=100%', 'a=100%25'],
    'an escape that is cut off': ['a=%e2%82', 'a=%e2%83'],
    'a repeated name and a list of JSON': ['a=1&a=2', `a=${encodeURIComponent('["1","2"]')}`],
    'names that are no UTF-8': ['%FC=1', '%F6=1'],
    'bytes that are no UTF-8': ['a=M\xfcller', 'a=M\xf6ller'],
  };

  for (const [what, [one, other]] of Object.entries(different)) {
    it(`has its own key: ${what}`, async () => {
      const reader = keyReader({ key: 'body' });
      const bytes = (body: string) =>
        form(body).body && {
          ...form(''),
          body: Buffer.from(body, 'latin1').toString('base64'),
        };
      expect(await reader(bytes(one))).to.equal(await reader(bytes(one)));
      expect(await reader(bytes(one))).not.to.equal(await reader(bytes(other)));
    });
  }

  it('is refused where it has more than ten thousand fields', async () => {
    const error = await rejection(keyReader({ key: 'body.id' })(form(`id=7${'&a=1'.repeat(10_000)}`)));
    expect((error as { cause?: Error }).cause).to.have.property(
      'message',
      'the form has more than 10,000 fields',
    );
    expect(await keyReader({ key: 'body.id' })(form(`id=7${'&a=1'.repeat(9_999)}`))).to.equal(
      await keyOfValue('7'),
    );
  });

  it('is read beside a field that is no UTF-8', async () => {
    expect(await keyReader({ key: 'body.id' })(form('name=M%FCller&id=7'))).to.equal(await keyOfValue('7'));
  });

  it('is read as JSON where it is JSON, as curl sends it by default', async () => {
    const event = form('{"id":"a=b","amount":1}');
    expect(await keyReader({ key: 'body.id' })(event)).to.equal(await keyOfValue('a=b'));
  });

  it('stays text where its content type says something else, or it has no field', async () => {
    for (const type of [
      'multipart/form-data; boundary=x',
      'text/plain',
      'application/x-www-form-urlencodedx',
    ])
      expect(await keyReader({ key: 'body' })(form('id=7', { type })), type).to.equal(
        await keyOfValue('id=7'),
      );
    expect(await keyReader({ key: 'body' })(form('Hold 1'))).to.equal(await keyOfValue('Hold 1'));
  });
});

describe('a REST event without `isBase64Encoded`', () => {
  it('is read as any other', async () => {
    const { isBase64Encoded, ...event } = lambdaEvent('api-gateway-rest');
    expect(isBase64Encoded).to.equal(false);
    expect(await keyReader({ key: 'body.transactionId' })(event)).to.equal(await keyOfValue('tx-1'));
    expect(await rejection(keyReader({ key: '@' })(event))).to.be.instanceOf(KeyError);
  });
});
