import { expect } from 'chai';
import { headerIn, headersToRecord, takesEncoding } from '#http/core/recorded-headers.js';

describe('the headers of a recorded response', () => {
  it('are those that the handler set, in their order and their writing', () => {
    const lines = [
      ['X-B', '2'],
      ['Content-Type', 'text/plain'],
      ['x-a', '1'],
      ['Link', '<a>'],
      ['link', '<b>'],
    ] as const;
    expect(headersToRecord(lines)).to.deep.equal(lines);
  });

  it('are not those of one connection, of one answer or of one client', () => {
    const names = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Proxy-Authenticate', 'TE', 'Trailer'];
    names.push('Transfer-Encoding', 'Upgrade', 'Date', 'Set-Cookie', 'SET-COOKIE');
    const lines = names.map((name) => [name, 'x'] as const);
    expect(headersToRecord([...lines, ['Y', 'z']])).to.deep.equal([['Y', 'z']]);
  });

  it('are not those that `Connection` names', () => {
    const lines = [
      ['Connection', 'close, X-Hop ,x-other'],
      ['connection', 'X-Third'],
      ['x-hop', '1'],
      ['X-Other', '2'],
      ['X-THIRD', '3'],
      ['X-Stays', '4'],
    ] as const;
    expect(headersToRecord(lines)).to.deep.equal([['X-Stays', '4']]);
  });

  it('are not those that stood before the guard, unless the handler changed them', () => {
    const before = [
      ['X-Request-Id', 'r1'],
      ['Vary', 'Origin'],
      ['Link', '<a>'],
      ['Link', '<b>'],
      ['X-Gone', '1'],
    ] as const;
    const lines = [
      ['x-request-id', 'r1'],
      ['vary', 'Origin'],
      ['vary', 'Accept'],
      ['link', '<a>'],
      ['link', '<b>'],
      ['x-new', 'n'],
    ] as const;
    expect(headersToRecord(lines, before)).to.deep.equal([
      ['vary', 'Origin'],
      ['vary', 'Accept'],
      ['x-new', 'n'],
    ]);
    expect(headersToRecord([['x-request-id', 'r2']], before)).to.deep.equal([['x-request-id', 'r2']]);
    // Fewer lines are a change, too.
    expect(headersToRecord([['link', '<a>']], before)).to.deep.equal([['link', '<a>']]);
  });

  it('have a value by name in any case, several lines as one', () => {
    const lines = [
      ['Link', '<a>'],
      ['X', ''],
      ['LINK', '<b>'],
    ] as const;
    expect(headerIn(lines, 'link')).to.equal('<a>, <b>');
    expect(headerIn(lines, 'x')).to.equal('');
    expect(headerIn(lines, 'y')).to.equal(undefined);
  });
});

describe('a recorded encoding', () => {
  for (const [accepted, encoding, takes] of [
    [undefined, 'gzip', true],
    [undefined, undefined, true],
    ['', undefined, true],
    ['', 'identity', true],
    ['', 'gzip', false],
    ['gzip', 'gzip', true],
    ['GZIP', 'gzip', true],
    ['br, gzip', 'gzip', true],
    ['br', 'gzip', false],
    ['*', 'gzip', true],
    ['br, *;q=0', 'gzip', false],
    ['gzip;q=0', 'gzip', false],
    ['gzip;q=0.000, *', 'gzip', false],
    ['gzip ; q=0.5', 'gzip', true],
    ['gzip; Q=0', 'gzip', false],
    ['gzip;q=x', 'gzip', false],
    ['gzip, br', 'br, gzip', true],
    ['gzip', 'br, gzip', false],
    ['gzip', 'gzip, identity', true],
    ['identity;q=0', undefined, true],
    ['x-gzip', 'gzip', true],
    ['gzip', 'x-gzip', true],
  ] as const)
    it(`${encoding ?? 'that is none'} is ${takes ? 'taken' : 'refused'} where ${accepted === undefined ? 'nothing' : `"${accepted}"`} is accepted`, () => {
      expect(takesEncoding(accepted, encoding)).to.equal(takes);
    });
});
