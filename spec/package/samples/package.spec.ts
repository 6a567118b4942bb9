import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { root } from './compiled.js';
import { application } from './template.js';

describe('the sample as a package', () => {
  const { dependencies } = JSON.parse(readFileSync(join(application, 'package.json'), 'utf8'));

  // `sam build` installs no development dependencies.
  it('brings the bundler that builds it, and what is bundled, of the versions that the specs use', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const { retrysafe: _, ...others } = dependencies;
    expect(Object.keys(others)).to.have.members(['@aws-lambda-powertools/batch', 'esbuild']);
    expect(devDependencies).to.include(others);
  });

  it('depends on the library in the project around it, which is built in its place', () => {
    const path = dependencies.retrysafe.replace(/^file:/, '');
    const { name } = JSON.parse(readFileSync(join(application, path, 'package.json'), 'utf8'));
    expect(name).to.equal('retrysafe');
    const config = readFileSync(join(application, 'samconfig.toml'), 'utf8');
    expect(config).to.match(/^\[default\.build\.parameters\]\n(#.*\n)*build_in_source = true$/m);
  });

  it('is built inside a container with a tarball of this version, as its README says', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const readme = readFileSync(join(application, 'README.md'), 'utf8');
    expect(readme).to.include(`npm pkg set dependencies.retrysafe=file:retrysafe-${version}.tgz\n`);
  });
});
