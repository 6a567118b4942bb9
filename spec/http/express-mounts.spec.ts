import { expect } from 'chai';
import { mountOf } from '#http/express/mount-pattern.js';
import type { Layer } from '#http/express/router-stack.js';

describe('the pattern of a router that is mounted', () => {
  const layer = (facts: Partial<Layer>): Layer => ({ handle: () => {}, match: () => true, ...facts });

  it('is what Express 5 says', () => {
    const mounted = layer({ match: (path) => ({ path: path.slice(0, 4), pattern: '/:a' }) });
    expect(mountOf(mounted, '/one/two')).to.deep.equal({ pattern: '/:a', length: 4 });
    expect(mountOf(layer({ match: () => false }), '/one')).to.equal(undefined);
    for (const root of [{ slash: true }, { regexp: Object.assign(/^/, { fast_slash: true }) }])
      expect(mountOf(layer(root), '/one')).to.deep.equal({ pattern: '', length: 0 });
  });

  it('is found by the parameters of Express 5.0', () => {
    for (const [path, params, pattern] of [
      ['/tenants/7', { tenant: '7' }, '/tenants/:tenant'],
      ['/tenants/a%20b/c', { tenant: 'a b', part: 'c' }, '/tenants/:tenant/:part'],
      ['/files/a/b', { rest: ['a', 'b'] }, '/files/a/b'],
      ['/from-1', { one: '1' }, '/from-1'],
    ] as const)
      expect(mountOf(layer({ path, params }), path)).to.deep.equal({ pattern, length: path.length });
  });

  it('is found by the groups of what Express 4 makes of it', () => {
    for (const [source, flags, keys, path, pattern] of [
      ['^\\/tenants\\/(?:([^\\/]+?))\\/?(?=\\/|$)', 'i', ['tenant'], '/Tenants/7', '/tenants/:tenant'],
      ['^\\/tenants\\/(?:([^\\/]+?))\\/?(?=\\/|$)', '', ['tenant'], '/tenants/A', '/tenants/:tenant'],
      ['^\\/a(?:\\/([^\\/]+?))?\\/?(?=\\/|$)', 'i', ['b'], '/a', '/a'],
      ['^\\/a\\/?(.*)\\/?(?=\\/|$)', 'i', [0], '/a/b/c', '/a/:0'],
      ['^\\/(\\d+)$', '', [0], '/17', '/^\\/(\\d+)$/'],
    ] as const) {
      const facts = { path, regexp: new RegExp(source, flags), keys: keys.map((name) => ({ name })) };
      expect(mountOf(layer(facts), path), source).to.deep.equal({ pattern, length: path.length });
    }
  });
});
