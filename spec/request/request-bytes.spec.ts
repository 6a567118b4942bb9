import 'retrysafe/jmespath';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { FingerprintError, InMemoryStore, KeyError, makeIdempotent } from 'retrysafe';
import { keyReader } from '../support/key-of.js';
import { carriers, lambdaEvent } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

const text = (value: string) => Buffer.from(value).toString('base64');

/** Pairs of bytes that would be one text, since each has a part that is no UTF-8. */
const pairs: Readonly<Record<string, readonly [Buffer, Buffer]>> = {
  'Latin-1': [Buffer.from('M\xfcller', 'latin1'), Buffer.from('M\xf6ller', 'latin1')],
  protobuf: [Buffer.from([0x08, 0x96, 0x01]), Buffer.from([0x08, 0x97, 0x01])],
  'an image': [Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from([0xff, 0xd8, 0xff, 0xe1])],
  'half of a surrogate pair': [Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xed, 0xa0, 0x81])],
  'a letter written too long': [Buffer.from([0xc1, 0x81]), Buffer.from([0xc1, 0x82])],
  'the end of a letter': [Buffer.from([0x61, 0xe2, 0x82]), Buffer.from([0x61, 0xe2, 0x83])],
};

/** The cause of a refused key. */
async function cause(key: string, request: object): Promise<string> {
  const error = await rejection(keyReader({ key })(request));
  expect(error).to.be.instanceOf(KeyError);
  return ((error as KeyError).cause as Error).message;
}

describe('bytes that are no text', () => {
  for (const [what, [one, other]] of Object.entries(pairs)) {
    for (const [source, { path, putBytes }] of Object.entries(carriers)) {
      if (!putBytes) continue;
      it(`have a key for each payload: ${what} in ${source}`, async () => {
        const reader = keyReader({ key: path });
        const event = (bytes: Buffer) => {
          const made = lambdaEvent(source);
          putBytes(made, bytes);
          return made;
        };
        expect(await reader(event(one))).to.equal(await reader(event(Buffer.from(one))));
        expect(await reader(event(one))).not.to.equal(await reader(event(other)));
        // They do not equal a text with U+FFFD either.
        expect(await reader(event(one))).not.to.equal(await reader(event(Buffer.from(one.toString()))));
      });
    }

    for (const name of ['base64', 'powertools_base64', 'base64_gzip', 'powertools_base64_gzip']) {
      it(`have a key for each payload: ${what} by ${name}()`, async () => {
        const reader = keyReader({ key: `${name}(data)` });
        const request = (bytes: Buffer) => ({
          data: (name.endsWith('gzip') ? gzipSync(bytes) : bytes).toString('base64'),
        });
        expect(await reader(request(one))).not.to.equal(await reader(request(other)));
        expect(await reader(request(one))).to.equal(await keyReader({ key: () => one })());
      });
    }
  }

  it('have different fingerprints', async () => {
    const [one, other] = pairs['an image'] as readonly [Buffer, Buffer];
    const upload = makeIdempotent(async (_event: unknown) => 'uploaded', {
      name: 'Images.upload',
      key: "header('idempotency-key')",
      fingerprint: 'body',
      store: new InMemoryStore(),
    });
    const event = (bytes: Buffer) => ({
      ...lambdaEvent('function-url'),
      body: bytes.toString('base64'),
    });
    await upload(event(one));
    await upload(event(one));
    expect(await rejection(upload(event(other)))).to.be.instanceOf(FingerprintError);
  });

  it('do not change what text is, with its byte order mark', async () => {
    const reader = keyReader({ key: 'base64(data)' });
    for (const value of ['Müller', '\ufeffa', '💶'])
      expect(await reader({ data: text(value) })).to.equal(await keyReader({ key: () => value })());
  });

  for (const [expression, name] of Object.entries({
    'json(base64(data))': 'json()',
    'powertools_json(powertools_base64(data))': 'powertools_json()',
    'type(base64(data))': 'type()',
    'length(base64(data))': 'length()',
    'to_string(base64(data))': 'to_string()',
    "contains(base64(data), 'a')": 'contains()',
    'keys(base64(data))': 'keys()',
    "join('-', [id, base64(data)])": 'join()',
    'base64_gzip(base64(data))': 'base64_gzip()',
    'let $bytes = base64(data) in type($bytes)': 'type()',
    'sort_by([{data: base64(data)}], &type(data))': 'type()',
  })) {
    it(`are refused as no text by ${expression}`, async () => {
      const data = (pairs['an image'] as readonly [Buffer, Buffer])[0].toString('base64');
      expect(await cause(expression, { id: 'a', data })).to.include(name);
    });
  }

  it('are refused by to_string(), wherever they are', async () => {
    expect(await cause('to_string([base64(data)])', { data: '/9j/4A==' })).to.include('to_string()');
    expect(await cause('to_string({data: base64(data)})', { data: '/9j/4A==' })).to.include('to_string()');
  });

  it('are compared byte by byte, and count as true where there are any', async () => {
    const bytes = (last: number) => Buffer.from([0xff, last]).toString('base64');
    const request = { one: bytes(1), same: bytes(1), other: bytes(2), none: '', name: 'a' };
    for (const [key, as] of [
      ['base64(one) == base64(same)', true],
      ['base64(one) == base64(other)', false],
      ['base64(one) != base64(other)', true],
      ['!base64(one)', false],
      ['base64(one) && name', 'a'],
      ['[@][?base64(one)].name', ['a']],
    ] as const)
      expect(await keyReader({ key })(request), key).to.equal(await keyReader({ key: () => as })(request));
    const same = await keyReader({ key: 'base64(one)' })(request);
    expect(await keyReader({ key: 'base64(one) || name' })(request)).to.equal(same);
    expect(await keyReader({ key: 'missing || base64(one)' })(request)).to.equal(same);
  });

  it('are not listed one by one where an expression tests whether there are any', async () => {
    const large = { data: Buffer.alloc(6_000_000, 0xff).toString('base64'), id: 'a' };
    const started = process.cpuUsage();
    await keyReader({ key: 'base64(data) && id' })(large);
    const { user } = process.cpuUsage(started);
    expect(user / 1_000, 'milliseconds').to.be.below(600);
  });

  it('may pass through not_null() and to_array()', async () => {
    const request = { data: '/9j/4A==' };
    expect(await keyReader({ key: 'not_null(missing, base64(data))' })(request)).to.equal(
      await keyReader({ key: 'base64(data)' })(request),
    );
    expect(await keyReader({ key: 'to_array(base64(data))' })(request)).to.equal(
      await keyReader({ key: '[base64(data)]' })(request),
    );
  });
});

describe('text that is not base64', () => {
  const wrong = {
    'letters of another alphabet': 'SG9s!ZCAx',
    'an end in the middle': 'SG9s=ZCAx',
    'something after the end': 'SGk=SGk=',
    'a letter too many': 'SG9sZ',
    'bits that stand for nothing': 'SGl=',
    'another script': 'SG9sZCAxé',
  };

  for (const [what, data] of Object.entries(wrong)) {
    it(`is refused, and not read in part: ${what}`, async () => {
      for (const key of ['base64(data)', 'powertools_base64(data)', 'base64_gzip(data)'])
        expect(await cause(key, { data })).to.equal('the text is not base64');
      expect(await cause('body', { ...lambdaEvent('function-url'), body: data })).to.equal(
        'the text is not base64',
      );
    });
  }

  it('does not affect a key that does not select it', async () => {
    const event = { ...lambdaEvent('function-url'), body: '!' };
    expect(await keyReader({ key: "header('idempotency-key')" })(event)).to.equal(
      await keyReader({ key: () => 'idem-1' })(),
    );
  });

  it('does not include base64 in the URL alphabet, without padding or in lines', async () => {
    const reader = keyReader({ key: 'base64(data)' });
    const whole = Buffer.from('>>>???Hold 1').toString('base64');
    const key = await reader({ data: whole });
    expect(whole).to.match(/[+/]/);
    expect(await reader({ data: Buffer.from('>>>???Hold 1').toString('base64url') })).to.equal(key);
    expect(await reader({ data: `${whole.slice(0, 8)}\r\n${whole.slice(8)}\n` })).to.equal(key);
    expect(await reader({ data: text('Hold').replaceAll('=', '') })).to.equal(
      await reader({ data: text('Hold') }),
    );
  });
});
