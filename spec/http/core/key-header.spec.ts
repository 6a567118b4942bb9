import { expect } from 'chai';
import fc from 'fast-check';
import { readKey } from '#http/core/key-header.js';

const key = (...lines: string[]) => readKey(lines, 255);

describe('the header of a key', () => {
  describe('as a string of RFC 9651', () => {
    for (const [line, expected] of [
      ['"abc"', 'abc'],
      [' "abc" ', 'abc'],
      ['"a b, c;d=e"', 'a b, c;d=e'],
      ['" "', ' '],
      ['"a\\"b"', 'a"b'],
      ['"a\\\\b"', 'a\\b'],
      ['"\\\\\\""', '\\"'],
      ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
      // Parameters, which this header has none of, are ignored.
      ['"abc";v=1', 'abc'],
      ['"abc"; v=1; w="a;\\"b"', 'abc'],
      ['"abc";v', 'abc'],
      ['"abc";*a-b_c.d*=?1;e=:YWJj=:;f=token/x:y;g=-1.5', 'abc'],
      ['"abc";d=%"f%c3%bc"', 'abc'],
    ] as const)
      it(`${line} is a key`, () => {
        expect(key(line)).to.deep.equal({ key: expected });
      });

    for (const line of [
      '"',
      '""',
      '"abc',
      'abc"',
      '"abc"def',
      '"abc" "def"',
      '"abc", "def"',
      '"a"b"',
      '"a\\b"',
      '"a\\',
      '"caf\u00e9"',
      '"a\tb"',
      '"a\u0000b"',
      '"a\u007fb"',
      "'abc' ",
      '"abc";',
      '"abc";V=1',
      '"abc";1v=1',
      '"abc" ;v=1',
      '"abc";v=',
      '"abc";v="a',
      '"abc";v=a b',
    ])
      it(`${JSON.stringify(line)} is none`, () => {
        if (line === "'abc' ") expect(key(line)).to.deep.equal({ key: "'abc'" });
        else expect(key(line)).to.deep.equal({ fault: 'key-malformed' });
      });
  });

  describe('as a bare value', () => {
    for (const line of [
      'abc',
      'a',
      '0',
      'a\\b',
      'a;v=1',
      '=',
      '{"a":1}'.replace(/"/g, "'"),
      '~!@#$%^&*()_+`-=[]{}|;:/?.<>',
    ])
      it(`${line} is a key`, () => {
        expect(key(line)).to.deep.equal({ key: line });
        expect(key(`  ${line} `)).to.deep.equal({ key: line });
      });

    for (const line of ['', ' ', 'a b', 'a,b', 'a"b', 'caf\u00e9', 'a\tb', 'a\u007f', 'a\u0000', '\u{1f511}'])
      it(`${JSON.stringify(line)} is none`, () => {
        expect(key(line)).to.deep.equal({ fault: 'key-malformed' });
      });
  });

  it('is missing, or there more than once', () => {
    expect(key()).to.deep.equal({ fault: 'key-missing' });
    expect(key('a', 'a')).to.deep.equal({ fault: 'key-repeated' });
    expect(key('a', '')).to.deep.equal({ fault: 'key-repeated' });
  });

  it('has so many characters at most, which escapes and quotes do not count as', () => {
    expect(readKey(['abc'], 3)).to.deep.equal({ key: 'abc' });
    expect(readKey(['abcd'], 3)).to.deep.equal({ fault: 'key-too-long' });
    expect(readKey(['"a\\"\\\\"'], 3)).to.deep.equal({ key: 'a"\\' });
    expect(readKey(['"a\\"\\\\b"'], 3)).to.deep.equal({ fault: 'key-too-long' });
    expect(readKey(['"'.padEnd(400, 'a')], 3)).to.deep.equal({ fault: 'key-malformed' });
  });

  const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
  const quotedForm = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;

  it('has every text of printable ASCII as a string', () => {
    fc.assert(
      fc.property(fc.string({ unit: printable, minLength: 1, maxLength: 255 }), (text) => {
        expect(key(quotedForm(text))).to.deep.equal({ key: text });
      }),
    );
  });

  it('is one key, bare and in quotes', () => {
    const bare = printable.filter((sign) => !' ",'.includes(sign));
    fc.assert(
      fc.property(fc.string({ unit: bare, minLength: 1, maxLength: 255 }), (text) => {
        expect(key(text)).to.deep.equal({ key: text });
        expect(key(quotedForm(text))).to.deep.equal(key(text));
      }),
    );
  });

  it('is read in a time that grows with its length alone', () => {
    const began = performance.now();
    for (const part of ['a', '\\"', '";a', ';a=a', ' ', '"', ';a=":'])
      for (const start of ['"', '"a"', '', '"a";b="'])
        readKey([start + part.repeat(16_000 / part.length)], 255);
    expect(performance.now() - began).to.be.below(1_000);
  });
});
